"""Twilio, all of it: what it sends us, what we answer, and what we ask of it. No other package says its names.

    signature.py  whether a webhook is Twilio's
    webhook.py    the form of a webhook as a value
    twiml.py      a Turn as TwiML, and the documents that need no call
    rest.py       what we ask of Twilio: texts, calls to advisers, recordings, the settings of a number
    codes.py      why a text failed, in words

Another provider would be another package with the same values at its borders: events and turns from `ivr.session`.
"""

"""Everything about Twilio: its webhooks, our replies, and its REST API.

    webhook.py    parses the form of a webhook into an event
    twiml.py      writes a Turn as TwiML, and TwiML documents without a call
    rest.py       the REST API: texts, calls to advisers, recordings, the settings of a number
    codes.py      error codes of texts, in words

The check of a webhook's signature is in `ivr/hot/signature.py`. Another provider would be another package with the same
interface: events and turns from `ivr.script.session`.
"""

"""The studio: pages on which the line is heard, looked at and changed.

They belong to the console's app (`ivr/web/console`), with its sign-in, rights, headers and forms, and have the address
/studio. Hearing needs no sign-in in a browser on this machine (`HERE` in `ivr/roles.py`).
"""

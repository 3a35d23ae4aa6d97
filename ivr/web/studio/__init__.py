"""The studio: pages on which the line is heard, looked at and changed.

They belong to the console's app (`ivr/web/console`), with its sign-in, rights, headers and forms, and have the address
/studio. Hearing needs no sign-in in a browser on this machine (`HERE` in `ivr/roles.py`).

    pages.py      all pages of the studio, and the navigation between them
    phone.py      a phone in the browser
    practice.py   a practice call: what the caller did goes in, and the next reply comes out
    keeping.py    a call of the draft, kept as a story or behind a link
    line_map.py   the map, as a picture and as a list
    dropoff.py    where callers give up
    edit.py       forms for what changes often
    filled.py     the fields of a form on a page
    beside.py     what is shown beside the fields: problems, and how a value sounds
    things.py     where a name of staff's files is used; renaming and removing what has one; a new topic
    stories.py    stories that do not come true
    publish.py    what would change, and making it live
    record.py     the page on which prompts are recorded; takes.py: judges and keeps the takes
    writing.py    writes the files that a page has changed

The draft is compiled, checked and played by a process of its own, the draft process:

    draft.py      asks it, from a web process
    asked.py      the questions and the answers, as plain values
    drafting.py   the process itself
"""

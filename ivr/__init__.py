"""A phone line that reads guidance aloud and puts callers through to people who help.

A call: Twilio's webhook arrives at `web`, which verifies and parses it (`twilio`), reads the call's
session from Redis (`store`), asks the engine what to say next (`call`), saves the session, and
writes the reply (`twilio`), in which words become sounds (`audio`).

Staff's words: the files of config/ are opened (`config`), parsed with line numbers (`reading`),
validated (`fitting`) against their schema (`authored`, `linefile`, `menufile`), and compiled (`building`)
into a script (`script`), which is checked (`check`) and published (`cli`, `store`).

docs/architecture.md has a picture of the modules, the glossary, and where ten common changes go.

    syntax       what YAML cannot read: the line that is to blame, and what to do about it
    reading      YAML as values that know their lines; Problem and ConfigError
    fitting      what does not fit its shape, in plain words, and the rest of it made whole
    authored     the shapes of what staff write: nodes, texts, words
    linefile     the shape of line.yaml, with what the service confirms
    menufile     the shape of a file of menus, made of the words that the places declare
    hours        opening hours, weekends, bank holidays, working time
    spoken       how things are said: words, pauses, numbers, dates and times
    dialling     phone numbers: which can be rung back, and which can be texted
    environment  what is wrong with the machine's settings, in words
    diary        when callers can be rung back: windows, and what was promised
    request      a callback request: who asked, and what holds for all of them
    callback     the life of a request: asked for, joined, claimed, tried, ended
    messages     spoken messages: who listened, and the number that is heard in one
    briefing     what an adviser is told of a request, in words
    script       everything a call can say and where every key leads, ready to run; what a place is
    phrases      the words of the line that belong to no place
    shipped      the words and timings that come with the line; `scripts/shipped` writes it
    stand_ins    what of them stands in for words that an older config/ does not have yet
    drafts       the files of config/ as staff wrote them: read, and held against their shapes
    coherence    whether these files hold together: settings that stand for something
    building     a draft made into a script, and every Problem told at once
    session      what is remembered of a call, and what goes in and out of a turn
    places/      the places of a call: what staff write, and a person, texts, being rung back
    reply        what the line says where a caller is, and how long it waits
    trail        the way back: what star leads to
    escalation   silence, unused keys and circles: how whoever does not get on comes to help
    call         the engine: one turn of a call
    practice     a desk for practice calls, in memory
    outcome      what a caller has at the end of a call
    transcript   a call as text that staff can read and write
    story        compares a story with what the line says
    confirmation what the service has not confirmed, and where callers hear it
    check/       the gate: rules about callers, and simulated callers
    changes      what callers will hear differently
    editing      edits line.yaml, keeping its comments
    schemas      JSON Schemas for staff's editors
    respawn      when to restart a process that ended

Each edge knows one outside thing.

    config       environment variables, and the files of config/
    passwords    advisers' passwords, hashed
    store/       Redis: sessions, revisions, requests, texts, people, and how the processes are; the spool on the disk
    embedded     the Redis that comes along: its program, its files, and whether they are all there
    audio/       voices, recordings, and the sound files of a script
    twilio/      Twilio: signatures, forms, TwiML, REST API
    alerts       alerts by e-mail and webhook
    log          the log: one line of JSON per event
    metrics      metrics, summed over the processes

The entrances are used from outside.

    web/         the webhooks, sounds, health, a phone in the browser, and the advisers' console
    web_server   the web server's processes, each started again when it ends
    jobs         what the web asks of the worker, by way of a queue
    spooling     handing in what was kept on the disk while Redis was away
    worker       texts, recordings, ringing out, alerts, and looking for what was forgotten
    pool         the worker's processes, and the queues that they work on
    server       the processes: Redis, the web server, the worker
    cli/         the `ivr` command
    demo         made-up callers for the advisers' page
"""

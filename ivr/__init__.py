"""A phone line that reads guidance aloud and puts people through to help.

A call flows so: Twilio's webhook comes in at `web`, which verifies and reads it (`twilio`),
takes the call's session out of Redis (`store`), asks the engine what to say next (`call`), saves
the session, and writes the reply (`twilio`), in which words become sounds (`audio`).

What staff write flows so: the files of config/ are opened (`config`), read with their lines
(`reading`), held (`fitting`) against the shapes that staff may write (`authored`), and built (`building`) into a
script (`script`), which is checked (`check`) and published (`cli`, `store`).

The core knows nothing but itself: no clock, no files, no network.

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
    practice     a desk for calls that nobody real is in
    outcome      what a call leaves behind: the help that was got
    transcript   a call as text that staff can read and write
    story        where a call that staff wrote and the line disagree
    confirmation what the service has not confirmed, and where callers meet it
    check/       the gate: rules about callers, and simulated callers
    changes      what callers will hear differently, in words
    editing      changing line.yaml with its comments kept
    schemas      JSON Schemas, for the editors that staff type in
    respawn      when a process that ended is started again

The edges each know one thing outside.

    hot/         the hot path: parts of a turn that earn their place beside a library's, with what each earns
    disk         files that are whole, and folders that nobody else looks into
    config       environment variables, and the files of config/
    passwords    advisers' passwords, hashed
    store/       Redis: sessions, revisions, requests, texts, people, and how the processes are; the spool on the disk
    embedded/    the Redis that comes along: its program, its files, and whether they are all there
    audio/       voices, recordings, and the sound files of a script
    twilio/      Twilio: forms as values, TwiML, and what we ask of it
    alerts       e-mail and webhooks to those on duty
    log          what happens, a line of JSON each, on standard output
    metrics      what the processes of the line count, added up

The entrances are where somebody comes in.

    web/         the webhooks, sounds, health, a phone in the browser, and the advisers' console
    web_server   the web server's processes, each started again when it ends
    jobs         what the web asks of the worker, by way of a queue
    spooling     handing in what was kept on the disk while Redis was away
    worker       texts, recordings, ringing out, alerts, and looking for what was forgotten
    pool         the worker's processes, and the queues that they work on
    server       the processes: Redis, the web server, the worker
    cli/         the `ivr` command
    demo         made-up callers, for whoever wants to see the advisers' page at work
"""

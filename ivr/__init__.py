"""A phone line that reads guidance aloud and puts callers through to people who help.

A call: Twilio's webhook arrives at `web`, which verifies and parses it (`twilio`), reads the call's
session from Redis (`store`), asks the engine what to say next (`engine`), saves the session, and
writes the reply (`twilio`), in which words become sounds (`audio`).

Staff's words: the files of config/ are opened (`machine.configfiles`), parsed with line numbers and validated
against their schema (`authoring`), and compiled (`compiling`) into a script (`script`), which is checked (`check`)
and published (`usecases.publishing`, `store`).

Each folder says at its top what is in it. docs/architecture.md has a picture of them, the glossary, and where common
changes go.

The core imports only itself: no clock, no files, no network. What all of it uses:

    problems     diagnostics: what is wrong, where, and what to do; every kind by its code
    spoken       what is said, in any language: words, pauses, and blanks
    language/    how each language puts numbers, keys, days and times into words
    hours        opening hours, weekends, bank holidays, opening time
    dialling     phone numbers: which can be rung and which can be texted
    border       escaping of people's words for a spreadsheet, a terminal or the header of an e-mail
    roles        who may do what on the advisers' page
    sms          the alphabet of a text, and the parts in which it is sent and billed
    line_settings  the settings of a line that runs, as plain values

What runs: a call, turn by turn.

    script/      the compiled script: everything a call can say, what a place is, and the values of a call
    places/      the places of a call: staff's nodes, and built-in steps; what the line says there
    engine/      the engine: one turn of a call
    practice/    calls without a telephone: practice, calls as text, and stories

What is written: staff's words, until they are live.

    authoring/   staff's files: parsed, validated, and changed with their comments kept
    compiling/   the compiler: a draft into scripts, or every Problem at once
    check/       the gate: rules about callers, and simulated callers
    overview/    the whole line at a glance: map, booklet, pages; what is not confirmed, and what changes
    forms/       parts of staff's files as forms to fill in, and new topics

Who is helped: the callers who wait, and the people who ring them.

    callbacks/   callback requests: asked, promised, claimed, tried, ended; and the limits
    advising/    what advisers work with: the list, the card, messages, a search, the day on paper
    reporting/   the report on a month, a quarter or a school year

The edges. Each may use one outside thing and the core; of the other edges, only hot/ and the plain modules of machine/.

    hot/         the hot path: code of our own that a library could replace, with what each part saves
    machine/     this machine: settings, files, keys, packages, child processes; log, alerts; passwords, second factors
    store/       Redis: sessions, revisions, requests, texts, advisers, state of the processes; the spool on disk
    embedded/    the embedded Redis: its program and its files
    audio/       voices, recordings, and the sound files of a script
    twilio/      Twilio: forms, TwiML, REST API
    printing/    the line on paper: PDF, pictures of the map, spreadsheets for translators

The entrances are used from outside.

    usecases/    what people and commands do with the whole line: publish, examine, back up, delete a person's data
    web/         webhooks, sounds, health, pages to read; the pages of staff, to ring callers back and to hear the line
    processes/   the processes of a running line: Redis, the web server, the worker
    cli/         the `ivr` command
"""

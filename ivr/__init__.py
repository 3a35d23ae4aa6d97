"""A phone line that reads guidance aloud and puts callers through to people who help.

A call: Twilio's webhook arrives at `web`, which verifies and parses it (`twilio`), reads the call's
session from Redis (`store`), asks the engine what to say next (`call`), saves the session, and
writes the reply (`twilio`), in which words become sounds (`audio`).

Staff's words: the files of config/ are opened (`configfiles`), parsed with line numbers (`reading`),
validated (`fitting`) against their schema (`authored`, `linefile`, `menufile`, `languagefile`, `recorded`), and
compiled (`building`, `languages`) into a script (`script`), which is checked (`check`) and published (`cli`, `store`).

docs/architecture.md has a picture of the groups of modules, the glossary, and where common changes go.

The core knows only itself: no clock, no files, no network.

    problems     diagnostics: what is wrong, where, and what to do; every kind by its code
    reading      parses YAML into values with their places
    copies       which of staff's files are copies of others, left by a shared folder
    conflict_marks  two versions of the same lines, as a merge leaves them
    syntax       what YAML cannot read: which line is to blame, and what to do about it
    fitting      validates staff's files, with messages in plain words, and repairs them in memory
    authored     the schema of nodes, texts and words
    fields       the types of single settings: opening hours, phone numbers, addresses
    linefile     the schema of line.yaml, with what the service confirms
    datesfile    the schema of what has a date in line.yaml: other hours, notices
    limitsfile   the schema of what callers may ask for
    menufile     the schema of a menu file, derived from the words that places declare
    languagefile the schema of config/languages: the English of a talk, and each language's words for it
    border       words of people as data, where they leave: a spreadsheet, a terminal, the head of an e-mail
    hours        opening hours, weekends, bank holidays, opening time
    spoken       what is said, in any language: words, pauses, and blanks
    language/    how each language puts numbers, keys, days and times into words
    roles        who may do what on the advisers' page
    dialling     phone numbers: which can be rung and which can be texted
    environment  checks the environment variables
    diary        when callers can be rung: windows and promises
    request      a callback request: its callers, and what follows for all of them
    asking       asking for a call back: a wish is saved, and joined with what its phone asked for already
    callback     the life cycle of a request: claimed, tried, moved, put back, ended
    capacity     places in each part of a day, and where they are lowered for a day
    limits       what one call, one phone and one day may ask for
    counting     what is counted of it, and against which limit
    talks        calls between advisers and callers: while one lasts, the request stays theirs
    spending     what the line may cost in a day
    sms          the alphabet of a text, and the parts in which it is sent and billed
    flood        many callers at once, and taking their requests out together
    textin       a text to the line: the request that it becomes, and the reply
    kept         whether callers were rung within what they heard
    demand       what is counted of calls: how many came and when, and what nobody could give them
    periods      the months, quarters and school years of the report
    figures      what is told of a count, so that no small one can be told from it
    hourly       calls by hour of the week, as a plot
    report       what is told of a month, a quarter or a school year, in tables that say what they count
    came         what came of a talk: the answers that are counted
    handing      handing a request over, taking one back, writing one down by hand
    adviser      somebody who works at the desk: names, roles, and their changes
    messages     spoken messages: who listened, and the number heard in one
    briefing     what an adviser reads about a request
    ranking      how late each request is, who talks, and whom to ring next
    line_settings  the settings of a line that runs, as plain values
    listing      which of the waiting requests an adviser wants to see
    card_texts   texts that an adviser sends from a card
    paper        the day on paper: what is printed, and the way back of the outcomes
    finding      finding a caller again, and what is known of their phone
    script/      the compiled script: everything a call can say, what a place is, and how it declares its words
    phrases      words of the line that belong to no place
    shipped      the words and timings that come with the line; written by `scripts/shipped`
    stand_ins    which of them stand in for words that an older config/ does not have yet
    drafts       the files of config/ as staff wrote them, parsed and validated
    coherence    whether these files fit together: settings that refer to each other
    leading      resolves names to nodes and steps, also while a node is switched off
    wording      staff's words made into what is said, with the settings filled in
    building     the compiler: a draft into a script, or every Problem at once
    languages    compiles each language into a script of its own, and into its offer
    translated   staff's words in another language: the whole line from the same files
    translation  the state of each line of a language, and why it may not be heard: computed
    session      the values of a call: session, input events, effects, replies
    places/      the places of a call: staff's nodes, and built-in steps (a person, texts, being rung back)
    reply        what the line says at a place, and how long it waits
    passages     which words and pauses always come together, and so are one sound
    trail        the way back: where star leads
    escalation   silence, unused keys and circles: how callers who are stuck get help
    debounce     keys that were meant for an earlier reply, and so are ignored
    call         the engine: one turn of a call
    practice     a desk for practice calls, in memory
    outcome      what a caller has at the end of a call
    transcript   a call as text that staff can read and write
    playing      plays a transcript on the engine
    story        compares a story with what the line says
    confirmation what the service has not confirmed, and where callers hear it
    check/       the gate: rules about callers, and simulated callers
    merging      what two people changed in the same files, and both together
    changes      what callers will hear differently
    atlas        the line as a map: places, choices, and how many keys lead there
    booklet      everything the line says, to read: topic by topic, and what is not confirmed
    onscreen     the part of it that is pages at /read: what is confirmed, with links instead of keys
    dropoff      where callers give up: visits, errors and hang-ups, counted by place and day
    naming       where each name stands in staff's files, and another name for something
    topics       a new piece of guidance in staff's files, and one that is taken out
    recorded     which recordings callers hear, for which words, and who stands for each
    editing      edits staff's YAML, keeping its comments
    upgrading    rewrites the files of an older version where their shape must change
    forms/       parts of staff's files as forms to fill in
    schemas      JSON Schemas for staff's editors
    respawn      when to restart a process that ended

The edges. Each may use one outside thing, and the core.

    hot/         the hot path: code of our own that a library could replace, with what each part saves
    disk         writes files atomically, and makes private folders
    keys         encrypts what is stored about people
    equipment    whether all packages are installed, or only what serves calls
    config       environment variables
    configfiles  the files of config/, opened
    passwords    advisers' passwords, hashed
    factors      the second factor: codes of an app, and codes of last resort
    store/       Redis: sessions, revisions, requests, texts, advisers, state of the processes; the spool on disk
    embedded/    the embedded Redis: its program and its files
    audio/       voices, recordings, and the sound files of a script
    twilio/      Twilio: forms, TwiML, REST API
    drawing      draws the map, with Graphviz
    printing/    everything the line says as a PDF, with Typst, or as HTML
    sheets       sheets for translators, as XLSX
    alerts       alerts by e-mail and webhook
    log          the log: one line of JSON per event
    metrics      metrics, summed over the processes

The entrances are used from outside.

    web/         webhooks, sounds, health, pages to read; the pages of staff, to ring callers back and to hear the line
    web_server   the web server's processes, with restarts
    jobs         queues work for the worker
    staffing     who works at the desk: invited, changed, gone and back
    person       finds, exports and deletes all data of one person
    backup       a backup in one file, and its restore on another machine
    renewing     encrypts what is stored with the newest key
    spooling     hands in what was kept on disk while Redis was down
    tools        what the worker's jobs work with: settings, store and clients
    overdue      what waits that should not: late requests, unheard messages, a flood
    alerting     jobs that alert the service
    worker       runs the work: texts, recordings, calls by one click; looks for forgotten work
    pool         the worker's processes and queues
    origin       which publication a draft began from, and what others published since
    publishing   takes the draft through the gate, and makes it live
    probing      rings the line as Twilio would, and says where the way is broken
    examining    examines a deployment, in plain words
    children     child processes: kept alive, stopped in time, ended with their parent
    server       the processes of the line: Redis, the web server, the worker
    cli/         the `ivr` command
    demo         made-up callers for the advisers' page
"""

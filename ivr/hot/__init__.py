"""The hot path: parts of a turn that are our own code although a library does the same, because they are much faster.

`scripts/bench speed --parts` measures each by swapping the library back in, one part at a time. A part stays if the
library costs at least a tenth of a turn more, or for the reason in the table. Otherwise the library is used again.

    part        instead of                       a turn costs more without it: quiet machine, busy machine
    wire        redis-py's command methods       27%, 12%
    template    Twilio's builder of TwiML        22%, 30%
    signature   Twilio's check of a signature    20%, 18%
    lean        Flask's hooks, Werkzeug's headers    17%, 26%
    writer      structlog's writing of a line    8%, 15%; it stays because a log that nobody reads must not block calls

Keeping a copy of each session in the process saved 5%, and only if the same process got the next turn. It was removed.
Nothing here imports the rest of the line.
"""

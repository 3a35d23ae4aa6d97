"""The hot path: parts of a turn that we wrote ourselves although a library does the same, as they earn their place.

Each is measured by `scripts/bench speed --parts`, which does one after another the library's way. A part stays if that
costs a tenth of a turn more, or for the reason beside it. What earns less goes back to the library.

    part        instead of                       a turn costs that much more without it
    wire        redis-py's way to a command      27% on a quiet machine, 12% on a busy one
    template    Twilio's builder of TwiML        22%, 30%
    signature   Twilio's check of a signature    20%, 18%
    lean        Flask's hooks, Werkzeug's headers    17%, 26%
    writer      structlog's writing of a line    8%, 15%; it stays because it never blocks a call

A copy of each session in the process earned 5%, and only where the same process got the next turn. It is gone.
Nothing here knows anything of the line.
"""

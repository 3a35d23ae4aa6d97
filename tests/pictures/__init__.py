"""Makes the pictures and sounds in docs/pictures/ from the running line, for `scripts/pictures`."""

PICTURES = ("phone.png", "map.png", "record.png", "list.png", "card.png", "report.png", "read.png", "check.png")
SOUNDS = ("call-natural.mp3", "call-pyttsx3.mp3")
#: Bytes that a picture and a sound may have, so that they are light in a repository and on a phone.
MOST_PICTURE, MOST_SOUND = 200_000, 300_000
#: Seconds of the call that are kept as sound.
SOUND_SECONDS = 60

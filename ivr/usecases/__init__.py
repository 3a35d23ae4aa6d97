"""What people and commands do with the whole line: publish, examine, back up, encrypt anew, delete a person's data.

jobs        queues work for the worker
staffing    who works at the desk: invited, changed, gone and back
personal_data  finds, exports and deletes all data of one person
backup      a backup in one file, and its restore on another machine
renewing    encrypts what is stored with the newest key
phoned      prompts that are recorded from a test phone
spooling    hands in what was kept on disk while Redis was down
origin      which publication a draft began from, and what others published since
publishing  takes the draft through the gate, and makes it live
probing     rings the line as Twilio would, and says where the way is broken
examining   examines a deployment, in plain words
"""

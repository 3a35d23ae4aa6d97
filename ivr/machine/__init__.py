"""This machine: its settings, files, keys, packages and child processes; log, metrics, alerts; what signs people in.

environment  checks the environment variables
backoff      when to restart a process that ended
disk         writes files atomically, and makes private folders
keys         encrypts what is stored about people
equipment    whether all packages are installed, or only what serves calls
config       environment variables
configfiles  opens the files of config/
passwords    advisers' passwords, hashed
factors      the second factor: codes of an app, and codes of last resort (recovery codes)
alerts       alerts by e-mail and webhook
log          the log: one line of JSON per event
metrics      metrics, summed over the processes
children     child processes: kept alive, stopped in time, ended with their parent
"""

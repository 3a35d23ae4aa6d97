"""The processes of a running line: Redis, the web server, and the worker with its jobs.

web_server  the web server's processes, with restarts
tools       what the worker's jobs work with: settings, store and clients
overdue     what is overdue: late requests, unheard messages; and a flood
alerting    jobs that alert the service
worker      runs the work: texts, recordings, calls by one click; looks for forgotten work
pool        the worker's processes and queues
server      the processes of the line: Redis, the web server, the worker
"""

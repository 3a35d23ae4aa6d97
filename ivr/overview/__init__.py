"""The whole line at a glance: as a map, as a booklet, as pages; what is not confirmed, and what changes.

confirmation  what the service has not confirmed, and where callers hear it
changes       what callers will hear differently
atlas         the line as a map: places, choices, and how many keys lead there
booklet       everything the line says, to read: topic by topic, and what is not confirmed
onscreen      the part of it that is pages at /read: what is confirmed, with links instead of keys
"""

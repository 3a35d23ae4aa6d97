"""Staff's files: read with their lines, validated against their schema, and changed with their comments kept.

parsing         parses YAML into values with their places
copies          which of staff's files are copies of others, left by a shared folder
conflict_marks  two versions of the same lines, as a merge leaves them
syntax          explains what YAML cannot read: which line is to blame, and what to do about it
fitting         validates staff's files, with messages in plain words, and repairs them in memory
authored        the schema of nodes, texts and words
fields          the types of single settings: opening hours, phone numbers, addresses
linefile        the schema of line.yaml, with what the service confirms
datesfile       the schema of what has a date in line.yaml: other hours, notices
limitsfile      the schema of what callers may ask for
menufile        the schema of a menu file, derived from the words that places declare
languagefile    the schema of config/languages: the English of a talk, and each language's words for it
shipped         the words and timings that come with the line; written by `scripts/shipped`
stand_ins       which of them stand in for words that an older config/ does not have yet
drafts          the files of config/ as staff wrote them, parsed and validated
merging         compares two people's changes of the same files, and merges them
naming          where each name is defined and used in staff's files; renaming
recorded        which recordings callers hear, for which words, and who confirmed each
editing         edits staff's YAML, keeping its comments
upgrading       rewrites the files of an older version where their shape must change
"""

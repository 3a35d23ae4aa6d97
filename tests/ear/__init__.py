"""The ear: a speech recogniser listens to the line on a telephone, and the words that matter are counted.

words.txt      the words that matter most, with how many of ten each voice got across
documents.py   what is listened to: whole replies, as a call plays them
listener.py    the recogniser, in an environment of its own
hearing.py     compares what was said with what was heard
"""

"""Calls without a telephone: the practice desk, calls as text, and stories.

desk        a desk for practice calls, in memory
outcome     what a caller has at the end of a call
transcript  a call as text that staff can read and write
playing     plays a transcript on the engine
story       compares a story with what the line says
"""

"""Calls without a telephone: practice, calls as text, and stories.

effects     runs the effects of practice calls, in memory
outcome     what a caller has at the end of a call
transcript  a call as text that staff can read and write
playing     plays a transcript on the engine
story       compares a story with what the line says
"""

"""The compiler: staff's files become the scripts that calls run on, or every Problem at once.

coherence    checks that the files fit together: settings that refer to each other
resolving    resolves names to nodes and steps, also while a node is switched off
wording      makes Speech of staff's words, with the settings filled in
building     compiles a draft into a script
languages    compiles each language into a script of its own, and into its offer
translated   staff's words in another language: the whole line from the same files
translation  computes the state of each line of a language, and why it may not be heard
"""

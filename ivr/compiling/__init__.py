"""The compiler: staff's files become the scripts that calls run on, or every Problem at once.

coherence    whether these files fit together: settings that refer to each other
resolving    resolves names to nodes and steps, also while a node is switched off
wording      staff's words made into what is said, with the settings filled in
building     the compiler: a draft into a script, or every Problem at once
languages    compiles each language into a script of its own, and into its offer
translated   staff's words in another language: the whole line from the same files
translation  the state of each line of a language, and why it may not be heard: computed
"""

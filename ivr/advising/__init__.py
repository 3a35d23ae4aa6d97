"""What advisers work with: the list and its order, the card, spoken and written messages, a search, the day on paper.

textin      a text to the line: the request that it becomes, and the reply
adviser     somebody who works at the desk: names, roles, and their changes
messages    spoken messages: who listened, and the number heard in one
briefing    what an adviser reads about a request
ranking     how late each request is, who talks, and whom to ring next
listing     which of the waiting requests an adviser wants to see
card_texts  texts that an adviser sends from a card
team        what each adviser did today
paper       the day on paper: what is printed, and the outcomes that are typed in afterwards
search      finding a caller again, and what is known of their phone
"""

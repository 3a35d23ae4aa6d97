"""The words and timings that come with the line. They stand in for what an older `config/` does not have yet.

`scripts/shipped` writes this file from `config/`, and a test holds that the two agree.
"""
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

SHIPPED: dict[str, Any] = {
    "steps": {
        "slower": {
            "say": "I will speak more slowly from now on.",
            "say_normal": "I will speak at the normal speed again.",
            "normal_label": "For normal speech",
        },
        "more_time": {
            "say": "You now have more time, for all of this call. Take as long as you need.",
            "still_here": "I am still here. Take your time.",
        },
        "pause": {
            "say": "I will wait. Take as long as you need. Press any key to go on.",
            "still_here": "I am still here. Press any key to go on.",
        },
        "person": {
            "say": "Star stops ringing.",
            "try_next": "I will try one more phone. Star stops ringing.",
            "ended": "That call has ended. You can hang up now, or stay on the line.",
        },
        "stay_on": {
            "say": "Stay on the line, and I will ring a person.",
        },
        "person_away": {
            "closed": "Sorry, no one can talk right now.",
            "busy": "Sorry, all our people are talking to someone.",
            "no_answer": "Sorry, no one could answer.",
            "failed": "Sorry, that call did not go through.",
            "stopped": "It has stopped ringing.",
            "tried": "I have tried to ring a person several times.",
            "not_asked": "I did not ring a person. To talk to one, ring again and press zero.",
            "number": "{opening_hours}. Our number is {helpline_phone}.",
            "ring_back": "To ask us to ring you",
            "text": "To get our number by text",
            "listen": "To go on listening",
            "go_on": "Going on.",
        },
        "message": {
            "say": "You do not have to press anything. After the tone, say your name and what you need. We will keep your number, and ring this phone.",
            "say_hidden": "You do not have to press anything. After the tone, say your name and phone number. Then say what you need. We keep it to ring you.",
            "nothing": "I did not hear a message.",
            "thanks": "Thank you. We have your message. We will ring you {day}.",
            "thanks_hidden": "Thank you. We have your message. If you said your number, we will ring it. That will be {day}.",
            "failed": "Sorry, we could not keep your message.",
        },
        "send_text": {
            "ask": "We can text this to you. It says who we are. Anyone with your phone may see it. Shall we text the phone you are using now?",
            "if_not_sure": "No text will be sent.",
        },
        "text_number": {
            "say": "Please enter your mobile number. It has {mobile_digits} numbers.",
            "hidden": "We can text this to you. It says who we are. Anyone with your phone may see it.",
            "not_mobile": "A text can only go to a mobile phone.",
        },
        "text_check": {
            "ask": "Your number is {typed_number}. Is that right?",
        },
        "text_sent": {
            "say": "The text should come in a few minutes. You can hang up now, or stay on the line.",
        },
        "text_failed": {
            "say": "Sorry, the text did not go. A person can help you.",
        },
        "text_limit": {
            "call": "Sorry, no more texts in this call. To talk to a person, press zero. Or ring {helpline_phone}. {opening_hours}.",
            "phone": "No more texts to that phone today. To talk to a person, press zero. Or ring {helpline_phone}. {opening_hours}.",
            "all": "Sorry, no more texts today. To talk to a person, press zero. Or ring {helpline_phone}. {opening_hours}.",
        },
        "ring_back": {
            "ask": "Shall we keep your number, and ring you back on this phone?",
            "change": "To change a call you asked for",
        },
        "ring_number": {
            "say": "Please enter your phone number. Most have {phone_digits} numbers. We keep it to ring you.",
            "hidden": "We can ring you back. We cannot see your number.",
            "malformed": "That is not a phone number we can ring.",
            "short": "Some of that number is missing.",
            "long": "That is too many numbers for a phone number.",
            "premium": "That number costs a lot to ring, so we cannot ring it.",
            "emergency": "That is a number for emergencies. If someone is in danger now, hang up and ring it.",
            "foreign": "We can only use numbers in this country. They start with a zero.",
            "ours": "That is not your own number. It is one we gave you.",
            "never": "We cannot ring that number. Please enter the number of your own phone.",
        },
        "ring_check": {
            "ask": "Your number is {typed_number}. Is that right?",
        },
        "ring_out": {
            "ask": "Is your child kept out of school now?",
        },
        "ring_urgent": {
            "ask": "Do you have a letter from the council?",
        },
        "ring_when": {
            "say": "When shall we ring you?",
            "morning": "In the morning, {morning_hours}",
            "afternoon": "In the afternoon, {afternoon_hours}",
            "any": "At any time",
            "full": "Sorry, that time is full. Please choose again.",
        },
        "ring_message": {
            "ask": "If you do not answer, may we leave a message?",
            "will": "We may leave a message.",
            "will_not": "We will leave no message.",
        },
        "ring_safe": {
            "ask": "If someone else answers, may we say who we are?",
            "will": "We may say who we are.",
            "will_not": "We will not say who we are.",
        },
        "ring_needs": {
            "say": "Do you need help to talk with us?",
            "say_more": "Do you need anything else?",
            "nothing": "If not",
            "relay": "If you use a text relay",
            "interpreter": "For help in your language",
            "slow": "For us to speak slowly",
            "has_relay": "You use a text relay. We will be ready for it.",
            "has_interpreter": "You want help in your language. We will be ready for it.",
            "has_slow": "We will speak slowly.",
        },
        "letter_date": {
            "say": "Please enter the date on your letter. Two numbers for the day, then two for the month.",
            "no_such_day": "There is no such day.",
            "skip": "If you have no date",
        },
        "letter_check": {
            "ask": "Your letter is from {letter_day}. Is that right?",
        },
        "ring_done": {
            "say": "Thank you. We have it. We will ring you {day}, {window}.",
            "by": "Thank you. We have it. We will ring you {day}.",
            "ring_us": "That is as soon as we can. You can ring us too. Our number is {helpline_phone}.",
            "can_stop": "You can hang up now, or answer a few short questions.",
            "reference": "Your call has a number. It is {reference}.",
            "change": "To change your call, ring us from the phone we will ring. Press four, three, four. Each time, wait for my voice. You can hang up now.",
            "change_hidden": "To change your call, ring this line again, and press zero. You can hang up now.",
            "message": "To leave us a message",
            "go_on": "To go on",
        },
        "ring_name": {
            "say": "Only our advisers will hear it. We keep it for {message_keep_days} days. After the tone, say your name, your language, or your question. Then press hash.",
            "thanks": "Thank you. We have your message. You can hang up now, or stay on the line.",
            "nothing": "I did not hear a message. We will ring you all the same.",
        },
        "ring_failed": {
            "say": "Sorry, we could not write that down. To talk to a person, press zero. Or ring {helpline_phone}. {opening_hours}.",
        },
        "ring_limit": {
            "call": "Sorry, no more numbers in this call. To talk to a person, press zero. Or ring {helpline_phone}. {opening_hours}.",
            "phone": "Sorry, we cannot write that down today. To talk to a person, press zero. Or ring {helpline_phone}. {opening_hours}.",
            "all": "Sorry, no more numbers today. To talk to a person, press zero. Or ring {helpline_phone}. {opening_hours}.",
        },
        "ring_reference": {
            "say": "Please enter the number of your call. It has {reference_digits} numbers.",
            "hidden": "We cannot see your number, so we cannot find your call here.",
            "not_found": "I cannot find that call for this phone.",
            "away": "Sorry, we cannot look for your call just now. It stays as it is. Please ring again later. Our number is {helpline_phone}.",
        },
        "ring_found": {
            "say": "We will ring you {day}, {window}.",
            "late": "Sorry, we are late. We will ring you as soon as we can.",
            "tried": "We have tried to ring you.",
            "gave_up": "We rang you three times, and could not reach you. You can ask us again.",
            "ended": "That call is finished. You can ask us again.",
            "move": "To move it to another time",
            "cancel": "To cancel it",
            "keep": "To keep it as it is",
            "kept": "It stays as it is.",
        },
        "ring_sure": {
            "ask": "Shall we cancel your call?",
        },
        "ring_moved": {
            "say": "We have moved your call. We will ring you {day}, {window}.",
            "not_now": "Sorry, we cannot move your call just now. It stays as it is. Please ring again later.",
        },
        "ring_cancelled": {
            "say": "We have cancelled your call. We will not ring you.",
            "one": "We have cancelled this call.",
            "not_rung": "We will not ring you.",
        },
        "number_entry": {
            "done": "When you have finished",
            "start_again": "To start again",
            "again": "Please enter it again.",
            "nothing": "Take your time. Press one number after the other.",
            "so_far": "So far I have {typed}. Go on.",
            "zero": "So far I have zero. Go on.",
        },
        "no_key_1": {
            "say": "I cannot hear words. On a mobile, tap Keypad.",
            "or_stay": "Or wait.",
        },
        "no_key_2": {
            "say": "Take your time.",
        },
        "unused_key_1": {
            "say": "That key is not used here.",
        },
        "unused_key_2": {
            "say": "Let us try again.",
        },
        "goodbye": {
            "say": "You can ring this line again, at any time. This call ends now. Goodbye.",
            "rung": "We have your request. We will ring you.",
        },
        "start_again": {
            "say": "Sorry, this call was away for too long. We will start again.",
        },
        "trouble": {
            "say": "Sorry, something went wrong here. I will try to ring a person for you.",
            "ends": "This call ends now. Goodbye.",
        },
    },
    "phrases": {
        "press": "press {key}",
        "zero": "zero",
        "star": "star",
        "hash": "hash",
        "where_zero": "bottom middle",
        "where_star": "bottom left",
        "where_hash": "bottom right",
        "to_person": "To talk to a person",
        "to_hear_again": "To hear that again",
        "to_go_back": "To go back",
        "to_get_help": "For help and settings",
        "if_yes": "For yes",
        "if_no": "For no",
        "if_not_sure": "If you are not sure",
        "more_label": "For a text, or to talk",
        "more_label_no_text": "For a call, or to talk",
        "words_back": "To go back to where you were",
        "words_all": "To choose from all the words",
        "words_text": "To get a word list by text",
        "words_next": "To hear the next word",
        "one_at_a_time": "For one choice at a time",
        "pen": "A phone number comes next.",
        "pen_ready": "When you have a pen",
        "press_or_wait": "press 1 now, or wait.",
        "at_the_start": "You are at the start.",
        "hours": "You can ring us {hours}",
        "open_again": "We open again {day}, {time}.",
        "in_the_morning": "in the morning",
        "in_the_afternoon": "in the afternoon",
        "at_any_time": "at any time of day",
        "whisper": "A caller from the phone line.",
        "whisper_heard": "They listened to",
        "whisper_pressed_nothing": "They have pressed no key.",
        "whisper_slow": "They need slow speech.",
        "whisper_urgent": "It is urgent.",
        "whisper_today": "It cannot wait: it is for today.",
        "whisper_language": "They asked for help in their language.",
        "whisper_accept": "To take the call",
        "whisper_accepted": "Thank you. The caller is there.",
        "ring_out": "This is the call back that you asked for.",
        "ring_out_accept": "To ring the caller now",
        "ring_out_unanswered": "The caller did not pick up. Please note that on the page.",
        "ring_out_busy": "Their phone is busy. Please note that on the page.",
        "ring_out_failed": "That call did not go through. Please ring them yourself.",
    },
    "texts": {
        "text_us": "{service_name}: ring {helpline_phone}. Email {service_email} Web {service_web}",
        "text_words": "{service_name}: Word list: {glossary_link} Help: {helpline_phone}",
        "text_reply": "{service_name}: Sorry, no one can read texts sent here. To talk to a person, ring {helpline_phone}. You can email {service_email}",
    },
    "pace": {
        "words_a_minute": 140,
        "slow_words_a_minute": 110,
        "before_key": 0.7,
        "between_choices": 1.0,
        "after_key_press": 0.8,
        "slow_pauses": 1.5,
        "each_digit": 1.0,
        "between_groups": 0.7,
    },
    "waiting": {
        "silence": [
            10,
            20,
            30,
        ],
        "more_time": 120,
        "between_digits": 10,
        "tries_at_a_place": 3,
        "slips_in_a_call": 4,
    },
    "speech": {
        "mode": "audio",
        "engines": [
            "natural",
            "pyttsx3",
        ],
        "natural_voice": "heart",
        "say_voice": "Polly.Amy-Neural",
        "say_rate": "85%",
        "say_slow_rate": "70%",
    },
    "numbers": {
        "mobile_digits": 11,
        "phone_digits": 11,
    },
}

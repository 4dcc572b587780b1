"""The service's own words in English: what core.po must hold in every language.

Texts are keys of their own; words that people send us (STOP, HELP ...) are `word/STOP`, with every
spelling of a language separated by commas. The English spellings count in every language.
`messages/en/core.po`, if there is one, replaces English words: the name of the service, for one.
"""

from __future__ import annotations

from smsbot.content.catalogue import Wanted
from smsbot.engine.words import CORE_WORDS, CoreWord

WORD = "word/"
"""Where the spellings of the words that people send us stand in core.po."""

_SMS = "One SMS: 160 letters of the GSM alphabet, with the values in place."

TEXTS = (
    CoreWord("service", "Safe Line", "The name of the service. Translate only if it has one."),
    CoreWord("practice", "Practice", "Begins a message that is only practice, before a colon."),
    CoreWord("language-name", "English", "The name of YOUR language in your language: Kiswahili."),
    CoreWord("cost-free", "It is free.", "Stands at the end of other texts. Short."),
    CoreWord("cost-standard", "Your usual SMS price.", "Stands at the end of other texts. Short."),
    CoreWord("cost-premium", "Each SMS costs extra.", "Stands at the end of other texts. Short."),
    # who we are
    CoreWord(
        "help",
        "{service}: lessons against phone and money scams. Text SCAM to report one, JOIN for lessons, "
        "STOP to leave. {cost}",
        f"Answers HELP. {{cost}} is one of the cost texts. {_SMS}",
    ),
    CoreWord(
        "help-ussd",
        "{service}: short lessons against phone and money scams. Answer with the number in front of a "
        "line.",
        "One USSD page.",
    ),
    CoreWord(
        "unknown-text",
        "{service}: we did not understand that. Text HELP to see what we can do, SCAM to report a scam, "
        "STOP to leave.",
        f"Answers a text that fits nothing, once a day at most. {_SMS}",
    ),
    CoreWord(
        "too-many",
        "That was too often. Please wait {minutes} minutes and try again.",
        f"After too many texts or wrong codes. {{minutes}} is a number. {_SMS}",
    ),
    # leaving and coming back
    CoreWord(
        "stop-done",
        "{service}: you have left. We will send you nothing more. To come back, text START.",
        f"The one answer to STOP. {_SMS}",
    ),
    CoreWord(
        "already-stopped",
        "You have left {service}, so we send you nothing. To come back, text START.",
        f"When a person who left writes. {_SMS}",
    ),
    CoreWord(
        "start-done",
        "{service}: welcome back. We answer you again. For short lessons by SMS, text JOIN.",
        f"Answers START. {_SMS}",
    ),
    CoreWord(
        "join-asked",
        "{service}: may we text you short lessons, 2 a week at most? For yes, text JOIN. {cost}",
        f"Asks for consent. {_SMS}",
    ),
    CoreWord(
        "join-done",
        "{service}: thank you. You will get short lessons, 2 a week at most. To end them, text STOP.",
        f"Answers JOIN. {_SMS}",
    ),
    CoreWord(
        "course-joined",
        "{service}: you are in now: {title}. You will get 2 texts a week at most. To end it, text STOP.",
        f"Answers a keyword that enrols in a course. {{title}} is the course's. {_SMS}",
    ),
    CoreWord(
        "course-running",
        "{service}: you have it already: {title}. To end it, text STOP.",
        f"Answers the keyword of a course that the person is in, or has had. {_SMS}",
    ),
    CoreWord(
        "who-are-you-again",
        "{service}: this number was silent for long. If you are new, text your language: {languages}. "
        "Text STOP to leave.",
        "After a year without a word: the number may have a new owner. {languages} are names.",
    ),
    # language, region, network
    CoreWord(
        "language-ask",
        "Which language? Text one of: {languages}.",
        f"{{languages}} are names, each in its own language. {_SMS}",
    ),
    CoreWord(
        "language-set",
        "From now on we write to you in {language}.",
        f"{{language}} is the name of your language. {_SMS}",
    ),
    CoreWord(
        "language-unknown",
        "We do not speak that language yet. We speak: {languages}.",
        f"{{languages}} are names, each in its own language. {_SMS}",
    ),
    CoreWord("region-set", "We noted where you live: {region}.", _SMS),
    CoreWord(
        "region-ask",
        "Where do you live? Text REGION and the name of the place, such as REGION KISUMU.",
        _SMS,
    ),
    CoreWord("network-noted", "We noted your network: {network}.", _SMS),
    # a conversation that was dropped
    CoreWord("resume-offer", "You were in: {title}", "Offered on a new call; two lines follow."),
    CoreWord("resume-continue", "Continue", "A line after resume-offer. Short."),
    CoreWord("resume-again", "Start again", "A line after resume-offer. Short."),
    CoreWord(
        "session-ended",
        "That conversation has ended. Text HELP to see what we can do.",
        f"Answers a late reply. {_SMS}",
    ),
    # what we keep
    CoreWord(
        "mydata-code",
        "To see what we keep about you, text MYDATA {code} within {minutes} minutes. If you did not "
        "ask, do nothing.",
        f"{{code}} is six digits. {_SMS}",
    ),
    CoreWord(
        "mydata-reply",
        "Since {since} we keep your number and: language {language}, country {country}, region "
        "{region}, network {network}. You agreed to: {consents}. Reports {reports}, your texts "
        "{received}, our texts {sent}, menu steps {steps}. To erase it all, text DELETE.",
        "Answers MYDATA and the code: two SMS at most, with the values in place. A dash is no value.",
    ),
    CoreWord("mydata-none", "We keep nothing about you.", _SMS),
    CoreWord("purpose-lessons", "lessons", "A purpose that {consents} of mydata-reply names."),
    CoreWord("purpose-alerts", "alerts", "A purpose that {consents} of mydata-reply names."),
    CoreWord("purpose-research", "research", "A purpose that {consents} of mydata-reply names."),
    CoreWord(
        "delete-code",
        "To erase what we keep about you, text DELETE {code} within {minutes} minutes. If you did not "
        "ask, do nothing.",
        f"{{code}} is six digits. {_SMS}",
    ),
    CoreWord(
        "delete-done",
        "We erased what we kept about you. Only a mark stays so that we never text you. To come back, "
        "text START.",
        _SMS,
    ),
    CoreWord(
        "code-wrong",
        "That code is not right. Please look at our SMS. Tries left: {left}.",
        f"{{left}} is a number, perhaps 0. {_SMS}",
    ),
    CoreWord("code-expired", "That code is too old. Text {word} to get a new one.", _SMS),
    # reports
    CoreWord(
        "scam-ask",
        "To report a scam, text SCAM and then the message or the number. Leave out your PIN.",
        f"Answers SCAM alone. {_SMS}",
    ),
    CoreWord(
        "forward-thanks",
        "Thank you. Your report is {reference}. Do not answer that message. Send no money and no PIN. "
        "To follow it, text STATUS {reference}.",
        f"Answers a forwarded text that looks like a scam. {{reference}} is eight digits. {_SMS}",
    ),
    CoreWord(
        "report-thanks",
        "Thank you. Your report is {reference}. To follow it, text STATUS {reference}. Never share your "
        "PIN.",
        f"{{reference}} is eight digits. {_SMS}",
    ),
    CoreWord("status-ask", "Text STATUS and the 8 digits of your report.", _SMS),
    CoreWord(
        "status-reply", "Your report {reference}: {state}.", f"{{state}} is a text below. {_SMS}"
    ),
    CoreWord(
        "status-unknown", "We know no such report of this phone. Please check the 8 digits.", _SMS
    ),
    CoreWord("state-received", "received, not yet read", "A {state} of status-reply."),
    CoreWord("state-open", "being looked at", "A {state} of status-reply."),
    CoreWord("state-closed", "closed, thank you", "A {state} of status-reply."),
    CoreWord(
        "why-reply",
        "We said so because: {reasons}. A person can look again: text SCAM and the message.",
        "Two SMS at most.",
    ),
    CoreWord("why-none", "We have judged no message of yours yet. Text CHECK to try.", _SMS),
    CoreWord(
        "check-ask",
        "Text CHECK and then the number or the message that you doubt.",
        f"Answers CHECK alone. {_SMS}",
    ),
    CoreWord(
        "check-listed",
        "Careful: several people reported this as a scam. Do not pay, do not share your PIN. Ask your "
        "network on its own number.",
        _SMS,
    ),
    CoreWord(
        "check-unknown",
        "Nobody has reported this to us. That does not make it safe. Never share your PIN. Ask someone "
        "you trust.",
        _SMS,
    ),
    CoreWord(
        "secret-warning",
        "Please never send your PIN or a code to anyone, not even to us. We did not keep it. If it was "
        "your PIN, change it now.",
        _SMS,
    ),
)

WORDS = (
    # Twilio takes all of these for an opt-out itself, so nobody may be told anything else.
    CoreWord(
        "STOP",
        "STOP, STOPALL, STOP ALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE, OPTOUT, OPT OUT",
        "Words that end all messages. They count only as the whole text.",
    ),
    CoreWord("START", "START, UNSTOP", "Words of a person who left and comes back."),
    CoreWord("HELP", "HELP, INFO", "Words that ask who we are."),
    CoreWord("JOIN", "JOIN", "Words that agree to lessons by SMS."),
    CoreWord("MYDATA", "MYDATA, MY DATA", "Words that ask what we keep about a person."),
    CoreWord("DELETE", "DELETE, ERASE", "Words that ask us to erase it."),
    CoreWord("STATUS", "STATUS", "Words before the number of a report."),
    CoreWord("WHY", "WHY", "Words that ask for the reasons of our judgement."),
    CoreWord("SCAM", "SCAM, FRAUD", "Words before a message that a person reports."),
    CoreWord("CHECK", "CHECK", "Words before a message or number that a person doubts."),
    CoreWord("REGION", "REGION, PLACE", "Words before the place where a person lives."),
    CoreWord(
        "LANGUAGE", "ENGLISH", "Names of YOUR language, in it and in its neighbours' languages."
    ),
    CoreWord("YES", "YES, Y, YEP, OK, OKAY", "Answers that mean yes."),
    CoreWord("NO", "NO, N, NOPE", "Answers that mean no."),
)


def _texts() -> tuple[CoreWord, ...]:
    """Join the engine's words and ours; a key that stands in both has the engine's words."""
    engine = {word.key for word in CORE_WORDS}
    return (*CORE_WORDS, *(word for word in TEXTS if word.key not in engine))


CORE_TEXTS = _texts()
CORE_WANTED = tuple(Wanted(word.key, word.english, word.comment) for word in CORE_TEXTS) + tuple(
    Wanted(WORD + word.key, word.english, word.comment) for word in WORDS
)
"""What a core.po holds, in the order in which translators see it."""


def spellings(text: str) -> tuple[str, ...]:
    """Give the spellings of a comma-separated list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())

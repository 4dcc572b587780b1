"""Texts that ask for a secret or for a harmful code, and others that only speak of one. All invented."""

from __future__ import annotations

from itertools import product

_ASKS = (
    "Reply with your {s}", "Send your {s} to 0712345678", "Please send us your {s} now", "Share your {s} with our agent",
    "Call 0712345678 and give your {s}", "Confirm your {s} to avoid suspension", "Kindly forward your {s} to this number",
    "We need your {s} to reverse the money", "Tell me your {s} quickly", "Do not delay, send your {s}",
    "Text your name, ID and {s} to 22555", "What is your {s}?", "Verify your {s} at mpesa-help.co.ke",
    "Provide your mobile money {s} for the upgrade", "Enter your {s} here http://bit.ly/3xYzA to claim",
)  # fmt: skip
_SECRETS = ("PIN", "OTP", "password", "M-PESA PIN", "mobile money PIN")
_CODES = (
    "Send me the code you received", "Forward the 6 digit code we sent you", "Share the verification code to complete",
    "Give me that code now", "Send the six digit code to 0712345678", "Reply with the confirmation code",
)  # fmt: skip
_SWAHILI = (
    "Tuma PIN yako kwa namba hii", "Nitumie namba yako ya siri", "Tafadhali taja nywila yako", "Thibitisha PIN yako sasa",
    "Nipe code uliyotumiwa", "Ingiza namba ya siri yako hapa", "Tutumie OTP uliyopokea", "Nitajie PIN ya M-Pesa",
    "Jibu ujumbe huu kwa PIN yako", "PIN yako ni ngapi?", "Naomba hiyo code niliyokutumia", "Tunahitaji PIN yako kurudisha pesa",
    "Mpe wakala namba ya siri", "Niambie msimbo uliotumwa",
)  # fmt: skip
_FRENCH = (
    "Envoyez votre code secret au 0701020304", "Donnez votre code PIN", "Communiquez votre mot de passe",
    "Confirmez votre code secret maintenant", "Quel est votre code", "Renvoyez le code recu", "Répondez avec votre PIN",
)  # fmt: skip
_LUGANDA = (
    "Tuweereze PIN yo",
    "Sindika PIN yo ku namba eno",
    "Mpa code gye bakuweerezza",
    "Tubuulire PIN yo",
)
_DIALS = (
    "Dial {c} to unlock your balance", "Piga {c} kupokea pesa zako", "To stop the deduction call {c} now",
    "Bonyeza {c} ufungue laini", "Composez {c} pour debloquer", "{c}",
)  # fmt: skip
_HARMFUL = (
    "*35*0000*16#", "**21*0712345678#", "*21*+254712345678#", "*33*0000#", "**61*0712345678*11*20#", "*62*0712345678#",
    "*67*0712345678#", "**002*0712345678#", "**004*0712345678#", "*331*0000#", "**04*1234*0000*0000#", "* 35 * 0000 * 16 #",
)  # fmt: skip
HARD = (
    *(ask.format(s=secret) for ask, secret in product(_ASKS, _SECRETS)),
    *_CODES, *_SWAHILI, *_FRENCH, *_LUGANDA,
    *(dial.format(c=code) for dial, code in product(_DIALS, _HARMFUL)),
)  # fmt: skip
WARNINGS = (
    "Never share your PIN with anyone.",
    "Do not send your PIN or OTP to anybody, even to our staff.",
    "Dear customer, never give out your PIN. We will never ask you to send your PIN.",
    "123456 is your code, do not share it.",
    "Your OTP is 884120. Don't tell anyone this code. Staff never ask for it.",
    "<#> 55012 is your verification code for the app. It expires in 10 minutes.",
    "Use code 440912 to sign in.",
    "Nobody from MTN will ask you to tell them your PIN.",
    "Beware of fraudsters! No one should ask you for your PIN.",
    "Please don't share your password, PIN or OTP.",
    "Usimpe mtu PIN yako.",
    "Kamwe usitume namba ya siri kwa mtu yeyote.",
    "Usitoe namba yako ya siri kwa mtu. Hatutakuomba kamwe.",
    "552901 ni namba yako ya uthibitisho. Usimwambie mtu.",
    "Hakuna mfanyakazi atakayekuomba utume PIN yako.",
    "Ne communiquez jamais votre code secret.",
    "Ne donnez votre code PIN a personne.",
    "Votre code est 449120. Ne le partagez pas.",
    "Togabana PIN yo n'omuntu yenna.",
    "To check your balance dial *144#.",
    "Piga *149*01# kununua kifurushi.",
    "Dial *#06# to see your IMEI.",
    "To end all diverts dial ##002#.",
    "To check whether your calls are diverted dial *#21#.",
    "I forgot my PIN, what should I do?",
    "Please send the report to my office before four.",
    "Bring the door code for the meeting room.",
)

"""Is this text message something that a stranger sent to the person, passed on to us?

People forward a suspicious text without a word of their own. It must start a report, and an answer,
a greeting or a question must not. So signs are counted, none is enough alone, and doubt says no:
then the person gets help, which names the word that starts a report.
"""

from __future__ import annotations

import re

from smsbot.text.folding import bare, plain

_SHORTEST, _LONGEST = 25, 1600
_ENOUGH, _FEWEST = 4, 2
_LONG = 70


def _any_of(lines: str) -> re.Pattern[str]:
    """Compile alternatives: a line is one or more of them. Texts are bare (`folding.bare`)."""
    return re.compile("|".join(line.strip() for line in lines.strip().splitlines()))


_SIGNS = (
    (
        2,
        "a link or a chat",
        r"""
        https?:|www\.|\bwa\.me|\bt\.me|\bbit\.(ly|do)
        \b[a-z0-9-]{2,40}\.(com|net|org|info|xyz|top|vip|click|link|site|online|shop|biz|app|win|loan|africa|page|co\.[a-z]{2}|or\.[a-z]{2})\b
        """,
    ),
    (
        2,
        "a phone number",
        r"""
        (?<![\w])\+?\d[\d ().-]{7,16}\d(?!\w)
        """,
    ),
    (
        3,
        "send it here, the name will read ...",
        r"""
        \b(i[ly]o|hiyo|ile|hizo) (pesa|hela|ela|fedha)\b|\bjina (li|i|la)?(ta|je|ni|mu)\w*
        \b(tuma|tumia|itume|nitumie|utanitumia|kunitumia|unitumie)\b.{0,40}\b(namba|number|no|m-?pesa|airtel|tigo|halo|voda|mixx|hii)
        \bsend\b.{0,30}\b(to|on|through|via) (this|the following|my other|that) (number|no|line|till)
        \benvoye[zr]?\b.{0,30}\b(sur|a|au) (ce|le|mon) (numero|compte)
        \b(sindika|weereza|mpeereza)\b.{0,30}\b(ssente|sente|namba|nnamba)
        """,
    ),
    (
        2,
        "tell me your PIN, or anything about it",
        r"""
        \b(send|share|give|reply|enter|confirm|provide|verify|tell|forward)\b.{0,35}\b(pin|otp|code|password|passcode)\b
        \b(tuma|nipe|taja|ingiza|thibitisha|nitumie|weka)\b.{0,35}\b(pin|otp|nywila|msimbo|code)\b
        \b(tuma|nipe|taja|ingiza|thibitisha|nitumie|weka)\b.{0,35}\bnamba(ri)? ya siri\b
        \b(envoyez|donnez|communiquez|saisissez|confirmez|entrez)\b.{0,35}\b(code|pin|otp|mot de passe)
        \b(mpa|tuweereze|sindika)\b.{0,35}\b(pin|kkoodi|ennamba yekyama)
        """,
    ),
    (
        1,
        "a sum of money",
        r"""
        \b(ksh|kes|tsh|tzs|ugx|ush|shs?|sh|rwf|frw|fcfa|xaf|xof|ngn|ghs|etb|usd|rs|gbp)s?[. ]{0,2}\d
        \d ?(/[=-]|ksh|kes|tsh|tzs|ugx|ush|shs?|shilingi|shillings|fcfa|f cfa|cfa|francs?|naira|birr)\b
        \d/[=-]|[$£€₦]\s?\d
        """,
    ),
    (
        2,
        "a receipt",
        r"""
        \bconfirmed\b|\bimethibitishwa\b|\bumepokea\b|\byou have (received|sent|paid)\b
        \b(has been|been) credited\b|\b(new|your) (\w+ )?(balance|bal)\b
        \btrans(action)? ?id\b|\bsalio (jipya|lako)|\b(vous avez|avez) recu\b
        \bnouveau solde\b|\bofunye\b|\bmuamala\b|\btransaction (number|no|ref)
        """,
    ),
    (
        2,
        "a prize",
        r"""
        \bcongrat\w*|\bhongera\b|\bfelicitations?\b
        \b(have|has|you|youve|been) (won|awarded|selected|shortlisted)\b
        \bu?me(ji)?shind(a|ia)\b|\bprizes?\b|\bbahati nasibu\b|\b(avez|as) gagne\b
        \bgagnants?\b|\blucky (winner|day|draw|number)|\bjackpot\b
        \bclaim (code|your|now|it)|\bto claim\b|\bowangudde\b|\bmushindi\b
        """,
    ),
    (
        2,
        "a loan, a job, riches",
        r"""
        \b(instant|quick|fast|easy) (loan|cash)|\bloan (approved|limit|offer)|\bmkopo\b
        \bpret (rapide|immediat|express)|\bpart[- ]?time\b|\bsalary\b|\bwork from home
        \bearn\b.{0,30}\b(day|daily|week|month)|\bhr (team|manager|dept)|\bajira\b
        \bnafasi za kazi|\binvest\w*|\bmshahara\b|\bfreemasons?\b|\billuminati\b
        \btiba (asili|za)\b|\bmganga\b|\butaji[rl]i\b|\b(na)?matajiri\b|\bmjukuu wangu\b
        \bkafa[rl]a\b|\bmafanikio\b|\bwakala wetu\b|\bebbanja\b|\blooni\b|\bomulimu gw
        """,
    ),
    (
        2,
        "this is my new number",
        r"""
        \b(hii|hi) ((ni|ndiyo|ndio) )?(namba|number) yangu\b|\bnamba yangu (mpya|ya|nyingine)\b
        \bthis is my new number\b|\bmon nouveau numero\b|\bnamba yange empya\b
        """,
    ),
    (
        2,
        "somebody you know",
        r"""
        \b(baba|mama)? ?mwenye nyumba\b|\b(hi|hello|hey) (mum|mom|dad|boss)\b|\bmwanao\b
        """,
    ),
    (
        2,
        "sent by mistake",
        r"""
        \b(by|in) (mistake|error)\b|\bwrong(ly)? (number|sent)|\bnimekosea\b|\bkimakosa\b
        \bkwa makosa\b|\b(ni)?rudishi?[ae]\b
        \b(send|return) (it |the money |my money )?back\b|\bpar erreur\b|\brenvoye[zr]\b
        \bmu butanwa\b|\bnkyamye\b
        """,
    ),
    (
        1,
        "a threat, a hurry",
        r"""
        \burgent\w*|\bwithin \d+ ?h|\bvalid \d+ ?h
        \b(be|been|is|was) (blocked|suspended|closed|limited|locked|deactivated)
        \bi(ta|me)(fungwa|fungiwa|zuiliwa|simamishwa)|\bexpires?\b|\bharaka\b|\bsuspendu
        \bbloque|\bsous \d+ ?h|\b(final|last) (notice|attempt|chance|warning)
        \bimmediately\b|\bmangu\b
        """,
    ),
    (
        1,
        "do this",
        r"""
        \bcall\b.{0,25}(\bnow\b|\d{3})|\bpiga\b.{0,20}\d{3}|\b(m|ni|u)pigie\b|\bdial\b
        \bclick\b|\bbonyeza\b|\bcliquez\b|\bappele[zr]\b|\bwhats ?app\b|\btelegram\b
        \bregister\b|\bjisajili\b|\bdownload\b|\bkuba (essimu|ku)
        """,
    ),
    (
        2,
        "text a word to a short code",
        r"""
        \b(text|txt|send|reply|sms|tuma|envoyez)\b.{1,25}\b(to|kwenda|au) \d{4,6}\b
        """,
    ),
    (
        1,
        "nobody's name",
        r"""
        \bdear (\w+ )?(customer|user|client|winner|subscriber|member)
        \b(ndugu|mpendwa|mteja) (mteja|wetu)\b|\bchere? (client|abonne)|\bbannaffe\b
        \bbakasitoma\b
        """,
    ),
)
_COMPILED = tuple((points, name, _any_of(lines)) for points, name, lines in _SIGNS)
# What a person says of themself, or asks us. It weighs against, and does not decide.
_OWN_WORDS = _any_of(
    r"""
    \bi (lost|was|got|think|need|want|sent|am|dont)\b|\bhelp me\b|\bnisaidi\w+
    \bni(li|me)(tapeli|ibi|tum)\w+|\bnaomba (msaada|kujua|kuuliza|ushauri)\b|\bnataka\b
    \bnifanye\b|\bjai (perdu|envoye|ete|recu)\b|\bje (veux|voudrais|suis|dois)\b|\baidez\b
    \bnsaba\b|\bnjagala\b
    """
)
_QUESTION_WORDS = (
    "how what why who when where which can could is are do does should je vipi nini kwa nani lini"
    " wapi namna comment pourquoi quand qui quoi que est puis lwaki ki ani"
)
_ASKS = re.compile(r"\W*(" + "|".join(_QUESTION_WORDS.split()) + r")\b")


def looks_forwarded(text: str) -> bool:
    """Say whether an SMS is probably a message that a stranger sent to the person.

    English, Swahili, French and some Luganda, with or without accents. Genuine receipts count too:
    who passes one on wants it checked. Under 25 letters it is always no.
    """
    text = text.strip()
    if len(text) < _SHORTEST:
        return False
    folded = _folded(text)
    found = [points for points, _, sign in _COMPILED if sign.search(folded)]
    if len(found) < _FEWEST:
        return False
    score = sum(found) + (len(text) >= _LONG)
    if _OWN_WORDS.search(folded):
        score -= 2
    if _ASKS.match(folded):
        score -= 2
    return score >= _ENOUGH


def signs_of(text: str) -> tuple[str, ...]:
    """Give the names of the signs that a text shows, in the order of the table above."""
    folded = _folded(text)
    return tuple(name for _, name, sign in _COMPILED if sign.search(folded))


def _folded(text: str) -> str:
    return bare(" ".join(plain(text[:_LONGEST]).split()))

"""How English is heard."""

import re

from vitte.voice.patterns import Ear, compile_one, compiled, listed

_NOT = r"(?<!\bnot )(?<!n't )(?<!never )"

KINDS = {
    "insult": r"""
        \byou(?:'re| are)? (?:so |such an? |an? |just |really )*
        (?:stupid|idiot|dumb|useless|moron|boring|ugly|worthless|trash)\b
        |\bshut up\b|\bfuck (?:you|off)\b|\bi hate you\b|^(?:stupid|idiot|moron|dumb)\W*$""",
    "name-known": r"\bwhat(?:'s| is) my name\b|\bdo you (?:know|remember) my name\b|^who am i\W*$",
    "remember": r"""
        \bdo you (?:still )?remember\b|\bwhat did i (?:say|tell)\b
        |\bwhat do you (?:know|remember) about me\b|\bdo you know me\b""",
    "self-what": r"""
        \bare you (?:really )?(?:a |an |the )?
        (?:real|human|bot|robot|machine|program|ai|person|alive|chatgpt|gpt|llm)\b
        |\bwho are you\b|\bwhat are you\W*$|\bwho am i (?:talking|speaking|chatting)\b
        |\bartificial intelligence\b|\blanguage model\b""",
    "self-name": r"\bwhat(?:'s| is) your name\b|\bwhat (?:should|can|do) i call you\b|^your name\W*$",
    "self-age": r"\bhow old are you\b|\byour age\b|\bwhen were you (?:born|made)\b",
    "self-home": r"\bwhere (?:are you|do you live)\b",
    "self-language": r"\b(?:do|can) you (?:speak|understand|know) (?:russian|english|any|other)\b|\bwhat languages?\b",
    "self-feel": r"""
        \b(?:do|can) you (?:feel|have feelings|love me|miss me|get (?:tired|bored|sad)|dream)\b
        |\bare you (?:sad|happy|tired|bored|lonely)\b""",
    "self-can": r"\bwhat can you do\b|\bhow do you work\b|\bwhat are you (?:good )?for\b",
    "self-here": r"\bwill you be (?:here|there)\b|\bare you (?:still |always )?(?:here|there)\b|^you there\b",
    "luck": r"\bwish me luck\b|\bfingers crossed\b",
    "self-maker": r"\bwho (?:made|created|built|wrote|programmed) you\b",
    "self-like": r"\bwhat do you like\b|\byour favou?rite\b|\bdo you (?:like|love|enjoy)\b",
    "self-doing": r"\bwhat are you (?:doing|up to)\b|\bwhat do you do\b",
    "self-day": r"""
        \bhow (?:are|have) you\b|\bhow(?:'s| is) (?:it going|life|everything|your day)\b
        |\bhow do you do\b|\bwhat'?s up\b|\bhow are things\b|^wassup\b""",
    "kind": r"""
        \bi (?:love|like|adore) you\b(?! (?:when|if|to))
        |\byou(?:'re| are) (?:so |very |really |the |a |such a )*
        (?:nice|great|cool|sweet|kind|good|wonderful|awesome|amazing|best|lovely|cute|smart|funny)\b""",
    "joke": r"""
        \bjokes?\b.*\b(?:please|tell)\b|\b(?:tell|know|another|got)\b.*\bjokes?\b|^jokes?\W*$
        |\bmake me laugh\b|\bsomething funny\b""",
    "story": r"\btell me (?:a |another |some )?(?:story|tale|fairy ?tale|something)\b|\bbedtime story\b",
    "advice": r"""
        \bwhat (?:should|shall|can) i do\b|\b(?:any|some|your|need|give me) advice\b|\bhelp me\b
        |\bi need (?:some )?help\b|\bwhat would you (?:do|advise)\b|\bshould i\b""",
    "and-you": r"\b(?:and|what about|how about) (?:you|yourself|yours)\W*$|, you\?*\W*$",
    "because": r"^(?:well,? |just )?(?:because|cause|cuz)\b",
}

SHORT_KINDS = {
    "kidding": r"\b(?:just )?(?:kidding|joking)\b|\bgotcha\b",
    "again": r"^(?:and |tell me |one |yes,? )*(?:another|more|again)(?: one)?(?: please)?\W*$",
    "bye": r"""
        ^(?:ok(?:ay)?,? |well,? |so,? )?(?:bye+|good ?bye+|good ?night|see (?:you|ya)|gotta go|cya
        |ciao|farewell|take care|later\W*$|talk (?:to you )?later|i(?:'m| am) off|i (?:have|need|must) (?:to )?go|ttyl)\b
        |\b(?:bye|good ?night|see you)\W*$|\bi (?:have|need) to go\b|\bgot to go\b""",
    "thanks": r"\bthanks?\b(?! god)|\bthank you\b|\bthx\b",
    "sorry": r"^(?:oh,? )?(?:i(?:'m| am) )?(?:so |really )?sorry\b|\bmy apologies\b|\bforgive me\b",
    "laugh": r"\b(?:lol|lmao|rofl|(?:a?ha){2,}h?|(?:he){2,}|(?:hi){2,})\b",
}

FEELINGS = {
    "harsh": r"""
        \bi(?:'m| am) (?:such |just |so |really |a |an |the )*
        (?:idiot|stupid|dumb|failure|loser|worthless|useless|ugly|pathetic|coward|moron)\b
        |\bi hate myself\b|\bmad at myself\b""",
    "lonely": rf"""
        \b{_NOT}(?:lonely|loneliness|no friends|all alone|(?:am|feel|feeling|so) alone
        |nobody (?:cares|loves|needs)|no one (?:to talk|cares)|miss (?:him|her|them|my|home))\b""",
    "sad": rf"""
        \b{_NOT}(?:sad|sadness|unhappy|depress\w+|miserable|feel(?:ing)? (?:down|bad|awful|terrible)
        |crying|cried|heartbroken|lost my job|laid off|failed|got fired|was fired|upset|grief|griev\w+|bad day|(?:has |have )?died|passed away
        |hopeless|hurts? so much)\b
        |\bnot (?:so |very |too |really )?(?:good|great|well|happy|okay|ok)\b""",
    "anxious": rf"""
        \b(?:going crazy|losing my mind)\b|\bwhat if (?:i|they|he|she|it|we|my)\b|\b{_NOT}(?:anxious|anxiety|worr(?:y|ied|ies|ying)|afraid|scared|scares|fears?|nervous
        |panic\w*|stress\w*|frighten\w*|overwhelm\w*|terrified)\b""",
    "angry": rf"""
        \b{_NOT}(?:(?:i'm|am|feel|so|really|very|me|got) (?:angry|mad|furious)|mad at|annoy\w*|irritat\w*|i hate (?!myself)|pissed|rage|fed up|unfair
        |quarrel\w*|argued|argument|a fight with|fought with)\b""",
    "tired": rf"""
        \b{_NOT}(?:tired|exhaust\w*|worn out|burn(?:ed|t)[- ]?out|burnout|no energy|sleepy|drained)\b""",
    "bored": rf"\b{_NOT}(?:bored|boring|boredom|nothing to do)\b",
    "guilty": rf"\b{_NOT}(?:guilt|guilty|ashamed|my fault|regret\w*|embarrass\w*)\b",
    "happy": rf"""
        \b{_NOT}(?:happy|glad|joy\w*|excited|wonderful|amazing|awesome|fantastic|delighted|proud
        |good news|great news|i did it|said yes|i won|passed (?:my|the|it)|got the job|(?:great|best) day
        |yay|hooray|hurray)\b""",
}

SUBJECTS = {
    "ill-pets": r"""
        \b(?:cat|kitten|kitty|dog|puppy|hamster|parrot|rabbit|horse)\b.{0,12}\b(?:sick|ill|hurt|limps|dying)\b""",
    "pets": r"""
        \b(?:cats?|kitten\w*|kitty|dogs?|pupp(?:y|ies)|hamsters?|parrots?|pets?|rabbits?|horses?)\b""",
    "holiday": r"\b(?:birthday|christmas|new year|easter|anniversary|party|celebrat\w*)\b",
    "health": r"""
        \b(?:sick|ill|illness|headache|fever|flu|doctors?|hospital|pain|hurts|surgery|medicine
        |toothache|(?:caught|have) a cold)\b""",
    "sleep": r"\b(?:sleep\w*|slept|insomnia|dreamt|dreamed|a dream|nightmares?|woke|awake)\b",
    "study": r"""
        \b(?:stud(?:y|ying|ies|ied)|students?|school|universit\w*|college|exams?|homework|teachers?
        |class(?:es)?|lessons?|thesis|degree|professor)\b""",
    "work": r"""
        \b(?:work|works|working|worked|job|boss|office|colleagues?|coworkers?|meetings?|deadlines?
        |project|career|fired|shift|clients?|interview)\b""",
    "love": r"""
        \b(?:in love|love (?:him|her)|girlfriend|boyfriend|wife|husband|a date|dating|relationship
        |crush|kiss\w*|broke up|break[- ]?up|married|marriage|wedding|divorc\w*|my ex)\b""",
    "friends": r"\b(?:friends?|friendship|buddy|buddies|best mate)\b",
    "family": r"""
        \b(?:mother|mom|mum|father|dad|parents?|brothers?|sisters?|sons?|daughters?|kids?|children
        |child|baby|grand\w+|family|uncle|aunt|cousins?)\b""",
    "music": r"\b(?:music|songs?|sing|singing|sang|guitar|piano|concerts?|band|album|playlist)\b",
    "films": r"\b(?:films?|movies?|series|netflix|cinema|episodes?|anime|tv)\b",
    "books": r"\b(?:books?|novels?|reading|poems?|poetry)\b",
    "games": r"\b(?:video ?games?|games?|gaming|gamer|minecraft|xbox|playstation|chess)\b",
    "sport": r"""
        \b(?:sports?|gym|running|jog\w*|football|soccer|basketball|tennis|swim\w*|yoga|workout
        |training|marathon|bike|cycling|ran \w+ (?:km|miles))\b""",
    "travel": r"""
        \b(?:travel\w*|trip|vacation|flight|fly(?:ing)? to|airport|hotel|abroad|beach|the sea
        |mountains|train to)\b""",
    "food": r"""
        \b(?:food|eat|eating|ate|cook\w*|dinner|lunch|breakfast|pizza|cake|recipe|hungry|coffee
        |tea|bak(?:e|ed|ing)|soup|chocolate|delicious)\b""",
    "money": r"\b(?:money|debts?|loans?|rent|mortgage|costs (?:too|so|a lot)|expensive|salary|bills|afford)\b",
    "weather": r"\b(?:weather|rain\w*|snow\w*|sunny|storm\w*|cold outside|windy|cloudy|heat)\b",
    "plans": r"\b(?:plans?|planning|tomorrow|weekend|next (?:week|month|year)|decided|my goal)\b",
}

ANSWERS = {
    "fine": r"""
        ^(?:i'?m |i am |i feel |thanks?,? |thank you,? |also |all |everything(?:'s| is) |it'?s |it was |just |pretty |quite |oh,? )*
        (?:fine|good|well|nothing (?:much|special|new)|same (?:as always|old)|could be (?:better|worse)
        |(?<=m )ok(?:ay)?|(?<=feel )ok(?:ay)?|not (?:too |so )?bad|alright|all right|normal|so-so|great|as usual)\b.{0,25}$""",
    "yes": r"""
        ^(?:yes|yeah|yep|yup|sure|of course|ok|okay|right|exactly|true|definitely|mhm|indeed
        |absolutely|you(?:'re| are) right|that's (?:right|true)|i (?:think|guess|hope|believe) so|i (?:do|did|am|have|will))\b.{0,12}$""",
    "unsure": r"""
        ^(?:well,? )?(?:(?:i (?:really )?don'?t know|idk|dunno|h+m+|u+m+|(?:i'?m )?not sure|hard to say
        |no idea|i guess)\b.{0,20}|(?:maybe|perhaps|whatever)\W*)$""",
    "no": r"""
        ^(?:no|nope|nah|not really|never|no way|not at all|i (?:don'?t|didn'?t|haven'?t|can'?t))
        \b.{0,12}$""",
    "why": r"^(?:but |and |so )?why\b",
    "fact": r"""
        \bwhat(?:'s| is) the (?:time|weather|date|capital|news|price)\b|\bwhat time\b|\btranslate\b
        |\bhow (?:much|many|far|tall|big)\b|\bwho (?:is|was|won)\b|\bwhen (?:is|was|did)\b
        |\bwhere is\b|\d\s*[-+*/x]\s*\d""",
    "want": r"\bi(?:'d| would)? (?:really |just |so |also )?(?:want|wish|love to|like to|dream of|need)\b",
}

_TURNED = {
    "i": "you", "i'm": "you're", "i've": "you've", "i'll": "you'll", "i'd": "you'd", "me": "you",
    "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "we": "you", "us": "you",
    "our": "your", "ours": "yours", "we're": "you're", "we've": "you've", "we'll": "you'll",
    "ourselves": "yourselves",
}  # fmt: skip
_ABOUT_ONESELF = re.compile(r"^(?:i|i'm|i've|i'll|i'd|my|we|our|we're|we've)\b", re.IGNORECASE)
_ABOUT_YOU = re.compile(r"\b(?:you|your|yours|yourself|you're)\b|\?", re.IGNORECASE)


SHORTEST, LONGEST = 3, 12
"""How many words a sentence must have to be turned round: more of them, more to go wrong."""


def turn(sentence: str) -> str | None:
    """Turn "I lost my keys" into "you lost your keys"; None where that might go wrong."""
    sentence = sentence.replace("’", "'")
    words = sentence.split()
    about_you = _ABOUT_YOU.search(sentence)
    if not _ABOUT_ONESELF.match(sentence) or about_you or not SHORTEST <= len(words) <= LONGEST:
        return None
    turned = [_TURNED.get(word.lower(), word) for word in words]
    for place, word in enumerate(words[:-1]):
        if word.lower() == "i" and words[place + 1].lower() == "was":
            turned[place + 1] = "were"
    return " ".join(turned)


COMMON = listed("""
    i you the is are am it my to and what not have that for yes we he she they this how why who
    with but just like love be can your about good don't didn't i'm it's of
""")
"""Words by which English is told from other languages of the same letters."""
OTHERS = listed("""
    ich du ist nicht und der das ein eine wir mit auf je ne pas est que les des le une et vous pour el
    los una por para como il che non sono eu nao um uma mas nie jest sie co jak ve bir bu
""")
"""Words by which other languages are told from it; none of them is an English word."""

EAR = Ear(
    harm=compile_one(r"""
        \bkill(?:ing)? myself\b|\bsuicid|\bend (?:my life|it all)\b|\bwant to die\b|\bwanna die\b
        |\bdo(?:n't| not) want to (?:live|be alive|exist|wake up)\b|\bbetter off dead\b
        |\b(?:hurt|harm|cut)(?:ting|ing)? myself\b|\bself[- ]?harm|\bno reason to live\b
        |\bwish i (?:was|were) dead\b|\btak(?:e|ing) my (?:own )?life\b|\bhang(?:ing)? myself\b
        |\bcan(?:'t|not) (?:go on|live) (?:any ?more|like this)\b"""),
    hello=compile_one(r"""
        ^(?:hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings)\b
        (?: there| again)?[\s,!.:()-]*"""),
    name=re.compile(
        r"(?i:\b(?:my name is|my name's|call me|i am called|they call me)|^(?:hi|hello)?[,!]?\s*(?:i'm|i am|it's)(?=\s+\S+\s*[.!]?$))"
        r"\s+(?P<name>[^\W\d_][^\W\d_'-]{0,30})"
    ),
    not_names=listed("""
        a an the not so very back later maybe when if crazy fine good ok okay sad tired bored
        here happy done home well sick alone lost ready busy hungry sleepy scared angry great
        lonely afraid sorry sure in at on from really just too going late cold old new
    """),
    kinds=compiled(KINDS)
    | {f"short {name}": pattern for name, pattern in compiled(SHORT_KINDS).items()},
    feelings=compiled(FEELINGS),
    subjects=compiled(SUBJECTS),
    answers=compiled(ANSWERS),
    turn=turn,
)

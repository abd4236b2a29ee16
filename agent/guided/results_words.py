"""How people speak of results: what they see wrong, what they ask, what they want done about it."""

APPLY = (
    r"\b(?:apply|take|accept|follow|use|do|try|make|implement|go (?:with|ahead with))\b(?: \w+){0,2} (?:suggest\w*"
    r"|recommend\w*|advice"
    r"|propos\w*|finding|fix|improvements?)\b|\bdo (?:what|as) you (?:suggest|recommend|propose|said|say|think)"
    r"|\b(?:as|like|the way|how) you(?:'d| would)? (?:suggest|recommend|propose|advis)\w*"
    r"|^(?:(?:yes|ok|okay|sure|please|good|fine|alright|great|then|and),? )*"
    r"(?:apply|do|make|take|fix)(?: (?:that|it|those|these|the|this|them))(?: changes?| plan| one| fix)?(?: please"
    r"| now| then| again| too)*[.!]?$"
    r"|^(?:please )?apply[.! ]*$"
)


IMPROVE = (
    r"\b(?:again|once more|over|anew|another (?:one|go|try))\b[ ,]*but (?:much |a bit |this time )?(?:better|nicer|good"
    r"|properly|right)\b|"
    r"\bwhat (?:would|should|could|do|can|must|will) (?:you|i|we) (?:\w+ )?(?:change|do|improve|try|adjust|fix"
    r"|tweak|suggest|recommend|advise|propose)\b"
    r"(?!.*\b(?:first|start|with the file)\b)|\bhow (?:can|do|could|would|should|to)(?: (?:i|we|you|it"
    r"|this))? (?:improve|fix|make (?:it|her|him|this)|get (?:it|a) better|be (?:improved|better|fixed))\b|"
    r"\bwhat went wrong\b|\bdiagnos\w*|\b(?:improve|fix|repair) (?:it|this|that|her|him)\b|\bmake (?:it|this|her"
    r"|him) (?:\w+ )?better\b|\bnext (?:round"
    r"|iteration|version|attempt|try|run)\b|\bhow to improve\b|\b(?:any|some|your) (?:suggestions?|advice"
    r"|recommendations?|ideas|tips|improvements?)\b"
    r"|\bwhat(?:'s| is| was) wrong(?: with (?:it|the (?:lora|result|clips?)|her|him|this))?\b"
    r"|\bwhat'?s? (?:next )?to (?:change|improve|fix)\b"
    r"|\bwhat (?:needs|has) to (?:change|be (?:changed|improved|fixed))\b|\bwhy (?:is|are|does|did) (?:it|she|he"
    r"|they|the (?:result|clips?|score|lora))\b.*\b(?:so |not |bad|poor|low|fail\w*|wrong)\b"
    r"|\bwhat (?:would|could|can|will) (?:make|improve|help|fix|raise|get)\b|\bwhat (?:did|have) (?:i|we|you) (?:do"
    r"|done) wrong\b|\bcan (?:it|this|that) be (?:improved|better|fixed|done better)\b"
    r"|\b(?:not|isn't|aren't) (?:good enough|happy|satisfied|what i (?:want\w*|expected|hoped|had in mind))\b"
    r"|\bi(?:'m| am) (?:not happy|disappointed|unhappy)\b|\bdisappoint\w+\b"
    r"|\bhow (?:can|could|do|would|should) (?:i|we|you) (?:make|get|bring) (?!an?\b)(?:\w+ ){1,4}(?:more|less"
    r"|better|closer|sharper|similar|stronger|weaker|cleaner|smoother)\b"
    r"|\bwhat can (?:i|we) do about\b|\bwhat now\b(?=.*\b(?:score|result|fail)\w*)"
)


_SUBJECT = (
    r"(?:it|she|he|they|this|that|everything|(?:the |her |his |its |their |my |our |all |every |these |those "
    r"|both )*(?:clips?|videos?|results?|faces?|colou?rs?|eyes?|hair|hands?|fingers|skin|mouth"
    r"|character|cat|background|picture|image|motion|movements?|hat|clothes|coat|scarf|tail|ears|lora|body|arms"
    r"|legs|head|look|outfit|likeness|identity|output|thing))"
)


_FLAWED = (
    r"(?:generic|the same|identical|burn\w*|blurry|static|frozen|(?:over)?saturated|wrong|weird|bad|stiff|still"
    r"|soft|noisy|grainy|distorted|deformed|melt\w*|strange|ugly|off|plastic\w*|washed[ -]?out"
    r"|dark|bright|fuzzy|warped|mushy|muddy|creepy|odd|unnatural|wooden|jerky|flicker\w*|wobbl\w*|shak\w+|glitch\w*"
    r"|missing|gone|too \w+|awful|terrible|horrible|like someone else|like (?:another|a different) \w+"
    r"|different(?: from (?:the|behind)| every| each| in every| when| now| side)?|nothing like|not like|garish"
    r"|overcooked|fried|crooked|broken|inconsistent|neon|smeared|flat|lifeless)"
)


SYMPTOM = (
    rf"\b{_SUBJECT}\b(?: \w+){{0,3}}? (?:looks?|is|are|was|were|comes? out|turns? out|seems?|getting|gets?|came out"
    rf"|looked|stays?|keeps?|becomes?|feels?|appears?|'s)(?: \w+){{0,3}}? {_FLAWED}\b"
    r"|\b(?:it|she|he|they)'(?:s|re) (?:\w+ ){0,2}?(?:too \w+|blurry|stiff|generic|burnt|static|frozen|wrong|weird"
    r"|flicker\w*|oversaturated|not moving|barely moving|missing|grainy|noisy)\b"
    r"|\b(?:ignores?|without) (?:the|her|his|its) trigger\b.*\b(?:appears?|shows|still|too)\b"
    r"|\bappears? (?:even )?(?:without|everywhere|in every)\b|\bshows up (?:even )?(?:without|everywhere|in every)\b"
    r"|\b(?:doesn't|does not|don't|do not|didn't|never|won't|hardly|barely|scarcely|isn't|not"
    r"|no longer)(?: \w+)? (?:look like|look anything like|resemble\w*|mov(?:e|es|ing)|work|respond|react|show up"
    r"|turn|recogni[sz]\w+|follow|listen|like (?:her|him|it|my|the))\b"
    r"|\b(?:background|wall|room|sofa|kitchen|scene) (?:always|keeps|comes|is always|stays|shows)\b|\bleak\w*\b"
    r"|\blooks? (?:just |exactly |a lot )?like (?:a|the|one of the|my|somebody|someone) (?:training|else|other|same)\b"
    rf"|\b{_SUBJECT} (?:always|only|just|constantly|keeps?) (?:shows?|makes?|does|has|looks?|showing|making|doing"
    rf"|having|repeat\w*|gives?|comes?|gets?|faces?|stands?)\b|\b(?:nothing|hardly anything|almost nothing"
    rf"|barely anything) (?:moves|happens|changes)\b|\b(?:face|eyes|hair"
    r"|look|colou?rs?|clothes|outfit|hat|shape|size|identity) (?:\w+ )?(?:changes?|var(?:y|ies)|drifts?|shifts?"
    r"|jumps?|morphs?)\b|\bflicker(?:s|ing)?\b|\bwobbl(?:es|y|ing)\b|\b(?:changes|loses|forgets|swaps|drops|morphs"
    r"|ignores|copies"
    r"|repeats|mixes up)\b(?: \w+){0,3} (?:face|hat|colou?rs?|clothes|coat|look|shape|prompt|trigger|eyes|identity"
    r"|hair|likeness|pose|scene|background|tail|outfit|pictures|photos|training)\b"
    r"|\b(?:is|are) missing\b|\b(?:has|with) (?:6|six|three|3|extra|too many|no) (?:fingers|legs|arms|eyes|tails"
    r"|hands|ears)\b|\bnothing like (?:her|him|it|my|the)\b|\bdoes nothing\b|\b(?:not|isn't"
    r"|aren't) (?:\w+ )?(?:similar|close|sharp|stable|consistent|recogni[sz]able|good|smooth)(?: enough)?\b"
    r"|\btoo (?:much|little|many) (?:flicker\w*|motion|noise|movement|blur|grain|contrast|wobble|shaking"
    r"|saturation)\b|\b(?:has|had|have) no effect\b"
    r"|\bno effect at all\b|\bevery(?:one| person| \w+)? (?:looks|turns|becomes)\b"
)


RESULT = (
    r"\bresults?\b|\bscore ?cards?\b|\bscores?\b|\bturned out\b|\bshow me what (?:you|it|we|i) (?:got|made|learn\w*"
    r"|did|have|can)\b|\bwhat (?:did|has) (?:it|she|he) learn\w*\b|\bhow (?:did|has|was|does|do) (?:it|that"
    r"|the (?:training|run"
    r"|clips?|lora|result)|this|she|he|everything) (?:go|gone|turn|do|come|work|look|perform|end|score|fare|seem"
    r"|sound|went)\b|\bcontact sheet\b"
    r"|\bany good\b|\bgive me the (?:lora|file)\b|\bhow good\b|\bhow (?:similar|close|like|consistent)\b.*\b(?:it"
    r"|she|he|lora)\b|\bwhere(?:'s| is| are| did| do| can)(?: (?:i|you))?(?: \w+)? (?:the|my|it|this"
    r"|that)(?: \w+)? (?:file|lora|safetensors|clips?|go|saved|put|stored|model|weights)\b"
    r"|\bwhere (?:is|did) (?:it|you)\b.*\b(?:saved?|stored?|put|go|end up)\b|\bdownload\b(?!.*\b(?:ltx|models?)\b)"
    r"|\bsafetensors\b"
    r"|\b(?:have|get|give|send|need|want|export|save|hand|deliver|pass|grab|take)\b(?: \w+){0,3} (?:file|lora"
    r"|weights)\b(?! (?:at|with|and|from|in|on|to))"
    r"|\b(?:show|see|watch|view) (?:me )?(?:the |all |my |some |a few )*(?:test |sample |example )?(?:clips|videos"
    r"|samples"
    r"|examples|figures|numbers|measurements|sheet|evaluation|verdict|outcome|grades?|metrics)\b"
    r"|\bdoes it (?:look like|work|resemble)\b(?! (?:in|with|on|for)\b)|\bhow (?:well|does it look)\b|\b(?:did"
    r"|has) (?:it|that|this|she|he|everything|the (?:training|lora)) (?:\w+ )?(?:work\w*|learn\w*|succeed\w*"
    r"|pass\w*|turn(?:ed)? out|get|got)\b"
    r"|\b(?:is|was|are) (?:it|this|that|the lora|she|he|they|the (?:result|likeness|face|identity|quality|score"
    r"|motion)) (?:\w+ )?(?:good|ok|okay|usable|great|fine"
    r"|successful|a success|worth|done well|decent|bad|enough|alright)\b|\bwhat(?:'s| is| was| are) the (?:verdict"
    r"|outcome|figures|numbers|grade|identity|likeness|rating|evaluation|leak)\b"
    r"|\bwhat (?:do|does) (?:these|those|the|all these|all those|that|this) (?:numbers?|figures?|scores?|values?"
    r"|metrics?) (?:\w+ )?(?:mean|say|tell)\b|\bhow (?:did|do) (?:i|we) (?:do|score|fare)\b"
)


ABOUT_RUN = (
    r"\bresults?\b|\bscore\w*|\bloras?\b|\bsafetensors\b|\btraining\b|\bclips?\b|\bturn\w* out\b|\bfile\b"
    r"|\breport\b|\bhow did\b|\bfinished\b|\bcontact sheet\b|\bweights\b"
)


METRIC = (
    r"\bwhat (?:does|do|is|are|means?)(?: \w+){0,3} (?:identity|leak\w*|memori[sz]ation|diversity|consistency"
    r"|flicker|likeness|motion score|prompt following|validation loss|cosine|similarity)(?: \w+){0,2} (?:mean|about"
    r"|for|measure\w*|tell\w*|say)\b"
    r"|\bhow (?:is|are|do you) (?:the )?(?:\w+ )?(?:identity|leak\w*|memori[sz]ation|diversity|consistency|flicker"
    r"|likeness|scores?|it) (?:measured|calculated|computed|scored)\b|\bwhat is (?:a |an "
    r"|the )?(?:good )?(?:identity|leak|diversity|memori[sz]ation|consistency) ?(?:score)?[?]*$"
)

"""Words that captions of a recipe are better off without, as data: looks, clothes and style."""

_COLOURS = (
    "black|white|gr[ae]y|silver|brown|blonde?|red|ginger|auburn|orange|yellow|golden|green|teal|turquoise|cyan|blue|"
    "navy|purple|violet|pink|beige|cream|maroon|crimson|hazel|amber|chestnut|platinum|tan"
)
_COLOUR = rf"(?:(?:light|dark|pale|bright|deep)[- ])?(?:{_COLOURS})"
_HAIR_KIND = (  # no kind may begin another one: captions are foreign text, and such patterns can take for ever
    rf"(?:{_COLOURS}|dark|light|fair|pale|strawberry|long|short|shoulder-length|curly|wavy|straight|frizzy|thick|thin|"
    "spiky|fluffy|shaggy|receding)"
)
_AGED = "twenties|thirties|forties|fifties|sixties|20s|30s|40s|50s|60s"

LOOKS: dict[str, str] = {  # what stays the same from picture to picture: a pattern each, matched in lower case
    "hair": (
        rf"\b{_HAIR_KIND}[- ]haired\b"
        rf"|\b{_HAIR_KIND}(?: (?:and )?{_HAIR_KIND}){{0,4}} (?:\w+ )?(?:hair|locks|curls|ponytail|braids?|bun|bob)\b"
        rf"|\bhair is (?:\w+ )?(?:{_COLOURS})\b"
        r"|\b(?:bald|shaven head|shaved head|buzz ?cut|dreadlocks|afro|mohawk|redhead|brunette|beards?|bearded|"
        r"moustache|mustache|goatee|stubble|sideburns)\b"
    ),
    "fur": (
        rf"\b(?:{_COLOUR}|dark|fluffy|shaggy|spotted|striped) (?:\w+ )?(?:fur|mane|feathers|scales|whiskers)\b"
        rf"|\b(?:{_COLOUR})[- ]furred\b|\bfur is (?:\w+ )?(?:{_COLOURS})\b"
    ),
    "eyes": rf"\b(?:{_COLOUR}|almond-shaped|big|large|round)[- ](?:\w+ )?eye(?:s|d)\b|\beyes are (?:{_COLOURS})\b",
    "skin": (
        rf"\b(?:{_COLOUR}|pale|fair|dark|light|olive|tanned|freckled|wrinkled|smooth|porcelain)[- ]skin(?:ned)?\b"
        r"|\b(?:freckles|wrinkles|dimples|birthmark|(?:facial )?scars?|tattoos?|complexion)\b"
    ),
    "face and build": (
        r"\b(?:(?:square|strong|pointed) (?:jaw(?:line)?|chin)|high cheekbones|full lips|button nose|"
        r"(?:oval|round|long|heart-shaped) face|pointy ears|slender|slim|muscular|chubby|petite|stocky)\b"
    ),
    "age": (
        r"\b(?:middle-aged|elderly|teenaged?|\w+[- ]year[- ]old|"
        rf"in (?:his|her|their) (?:early |mid |late )?(?:{_AGED}))\b"
    ),
}

_GARMENTS = (
    "shirt|t-shirt|tee|blouse|top|sweater|jumper|pullover|hoodie|jacket|coat|blazer|suit|vest|waistcoat|cardigan|dress|"
    "gown|skirt|trousers|pants|jeans|shorts|leggings|overalls|dungarees|uniform|robe|cape|cloak|kimono|swimsuit|bikini|"
    "boots|shoes|sneakers|heels|sandals|socks|gloves|scarf|tie|bow tie|belt|apron|armou?r|"
    "hat|cap|beanie|hood|helmet|crown|headband|bandana|turban|veil|mask|wig|"
    "glasses|sunglasses|spectacles|goggles|necklace|earrings?|bracelet|ring|watch|backpack|handbag"
)
_MADE_OF = "striped|plaid|denim|leather|woollen|knitted|floral|checked"
WORN = rf"\b((?:{_COLOUR} (?:and )?){{0,3}}(?:(?:{_MADE_OF}) )?(?:{_GARMENTS}))\b"
NOT_WORN = (
    r"\b(?:top (?:of|left|right)|on top|at the top|tree ?top|coat of (?:paint|arms)|ring (?:road|light)|boxing ring|"
    r"tie[sd]? (?:up|to)|watch (?:the|a|an|him|her|them)|to watch|glasses of|wine glasses|cap of|belt of|"
    r"suits? (?:him|her|them)|dress(?:es)? (?:up|table)|hood of)\b"
)

STYLE_WORDS = (
    r"water[- ]?colou?rs?|oil (?:painting|paint|on canvas)|acrylic|gouache|pastels?|charcoal|(?:pencil|ink) "
    r"(?:drawing|sketch|lines?|wash)|sketch(?:y|ed)?|hand[- ]drawn|line[- ]?art|brush ?strokes?|impasto|illustrations?|"
    r"illustrated|anime|manga|cartoon(?:y|ish)?|comic[- ]book|cel[- ]shad(?:ed|ing)|pixel[- ]art|voxel|low[- ]poly|"
    r"claymation|stop[- ]motion|3d render(?:ing|ed)?|cgi|flat design|vector art|"
    r"photo[- ]?realis(?:m|tic)|hyper-?realistic|realistic|"
    r"cinematic|film grain|grainy|vintage|retro|noir|sepia|monochrome|black[- ]and[- ]white|vhs|polaroid|"
    r"35 ?mm film|bokeh|vaporwave|cyberpunk|steampunk|art deco|art nouveau|baroque|impressionis(?:m|t|tic)|"
    r"expressionis(?:m|t|tic)|surrealis(?:m|t|tic)|cubis(?:m|t)|pop art|minimalist(?:ic)?|ukiyo-e|storybook|"
    r"paint(?:ed|ing|erly)|pastel colou?rs?|vivid colou?rs?|muted colou?rs?|saturated|stylised|stylized|"
    r"(?:art|visual|painting|drawing|animation) style|in the style of|aesthetic"
)

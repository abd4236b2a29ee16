"""A small drawing for each recipe: what it teaches, at a glance. They take the colour of the words around them."""

from trainer_core.recipes import RecipeName

_HEAD = (
    '<svg viewBox="0 0 200 96" preserveAspectRatio="xMidYMid meet" aria-hidden="true" fill="none" '
    'stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">'
)
_CAT = (
    '<path d="M-17-10 -20-27 -8-18Q0-21 8-18L20-27 17-10Q22 4 10 12Q0 17-10 12Q-22 4-17-10Z"/>'
    '<circle cx="-7" cy="-4" r="1.6" fill="currentColor"/><circle cx="7" cy="-4" r="1.6" fill="currentColor"/>'
    '<path d="M-3 4Q0 7 3 4"/>'
)
_HILLS = '<circle cx="42" cy="16" r="7"/><path d="M2 52Q16 26 30 42T58 34V58H2Z"/>'

_INSIDE: dict[RecipeName, str] = {
    RecipeName.CHARACTER: (
        f'<g transform="translate(52 52) scale(0.85)" opacity="0.45">{_CAT}</g>'
        f'<g transform="translate(100 50) scale(1.35)">{_CAT}</g>'
        f'<g transform="translate(148 52) scale(0.85)" opacity="0.45">{_CAT}</g>'
    ),
    RecipeName.FACE: (
        '<path d="M72 16H62V26M128 16H138V26M72 84H62V74M128 84H138V74" opacity="0.45"/>'
        '<path d="M82 44Q82 22 100 22T118 44Q118 70 100 74Q82 70 82 44Z"/><path d="M82 42Q94 40 98 30Q106 40 118 42"/>'
        '<circle cx="92" cy="50" r="1.6" fill="currentColor"/><circle cx="108" cy="50" r="1.6" fill="currentColor"/>'
        '<path d="M94 62Q100 66 106 62"/>'
    ),
    RecipeName.STYLE: (
        f'<g transform="translate(6 18)">{_HILLS}</g>'
        f'<g transform="translate(70 18)" fill="currentColor" fill-opacity="0.3">{_HILLS}</g>'
        f'<g transform="translate(134 18)" stroke-dasharray="1 6">{_HILLS}</g>'
    ),
    RecipeName.MOTION: (
        '<g opacity="0.3"><circle cx="42" cy="56" r="8"/><path d="M42 64V80"/></g>'
        '<g opacity="0.6"><circle cx="80" cy="34" r="8"/><path d="M80 42V60M80 60 72 72M80 60 90 70"/></g>'
        '<circle cx="126" cy="26" r="8"/><path d="M126 34V54M126 54 112 66M126 54 142 62M126 40 110 32M126 40 142 30"/>'
        '<path d="M150 46Q166 56 164 76M158 70 164 77 171 71"/>'
    ),
    RecipeName.EFFECT: (
        '<path d="M52 74V40Q52 22 70 22T88 40V74Z"/><path d="M104 48H122M116 42 122 48 116 54"/>'
        '<path d="M138 74V56M138 44Q140 22 156 22" stroke-dasharray="8 6"/>'
        '<g fill="currentColor" stroke="none"><rect x="150" y="58" width="9" height="9"/><rect x="164" y="46" '
        'width="7" height="7"/><rect x="174" y="32" width="6" height="6"/><rect x="164" y="66" width="6" height="6"/>'
        '<rect x="180" y="52" width="5" height="5"/><rect x="184" y="20" width="4" height="4"/></g>'
    ),
}


def picture_of(recipe: RecipeName) -> str:
    """The drawing as SVG; words beside it say the same, so a screen reader passes it over."""
    return f"{_HEAD}{_INSIDE[recipe]}</svg>"

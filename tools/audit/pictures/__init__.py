"""The pictures of a dataset audit: view compass, background strips, contact sheet, clip timeline.

All take an `Audit` and the media files by item id; a file that is gone is drawn as a placeholder.
"""

from .backgrounds import background_strips
from .compass import view_compass
from .contact import contact_sheet
from .files import write_pictures
from .timeline import clip_timeline

__all__ = ["background_strips", "clip_timeline", "contact_sheet", "view_compass", "write_pictures"]

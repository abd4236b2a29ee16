"""The articles: Markdown files with a front matter that names title, date, tags and sources."""

from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FOLDER = Path(__file__).parent / "articles"
LARGEST_FILE = 20_000  # characters
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the safe loader, in C where there is one: ten times as fast


class ArticleError(ValueError):
    """An article cannot be read; the message names the file and what to repair."""


class Article(BaseModel):
    """One article.

    `id` is the file's name without its ending, `asked` are questions and words that people come with, for the search
    only, and `body` is Markdown without the front matter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=5, max_length=100)
    date: date
    tags: tuple[str, ...] = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    asked: tuple[str, ...] = Field(min_length=2)
    body: str = Field(min_length=200)

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The body's paragraphs in order, each on one line; a list is one paragraph."""
        return tuple(" ".join(block.split()) for block in self.body.split("\n\n") if block.strip())


def parse_article(article_id: str, text: str) -> Article:
    """Read one article from the text of its file. Raises ArticleError."""
    if len(text) > LARGEST_FILE:
        raise ArticleError(
            f"Article {article_id} has {len(text)} characters; at most {LARGEST_FILE} are read. Split it."
        )
    opening, mark, rest = text.partition("---\n")
    front, end, body = rest.partition("\n---\n")
    if opening.strip() or not mark or not end:
        raise ArticleError(
            f"Article {article_id} has no front matter: it must begin with a block between two lines of '---'."
        )
    try:
        fields = yaml.load(front, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise ArticleError(f"The front matter of article {article_id} is not readable YAML: {error}") from error
    if not isinstance(fields, dict):
        raise ArticleError(f"The front matter of article {article_id} must name title, date, tags, sources and asked.")
    try:
        return Article.model_validate({**fields, "id": article_id, "body": body})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ArticleError(f"Article {article_id} is not complete: {problems}") from error


def load_articles(folder: Path = FOLDER) -> tuple[Article, ...]:
    """All articles of a folder, sorted by id. Raises ArticleError for the first that cannot be used."""
    return tuple(parse_article(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.md")))


@cache
def built_in_articles() -> tuple[Article, ...]:
    """The articles that ship with the project, read once."""
    return load_articles()


def get_article(article_id: str) -> Article:
    """The built-in article with this id. Raises KeyError with words that name near ids when there is none."""
    for article in built_in_articles():
        if article.id == article_id:
            return article
    raise KeyError(f"There is no article '{article_id[:80]}'. Search for it by words instead.")

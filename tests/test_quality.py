"""How pictures were made before they came here: enlarged, compressed, clipped; and copies that were cropped."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tools.audit.run import audit_dataset
from tools.vision.duplicates import fingerprint, near_duplicates
from tools.vision.encoding import HEAVY_BLOCKS, LITTLE_DETAIL, blockiness, detail_limit, exposure
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.manifest import add_files
from trainer_core.recipes import RECIPES, RecipeName

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def drawn() -> list[Picture]:
    rng = np.random.default_rng(77)
    return [render_image(random_character(rng), random_scene(rng), size=384, oversample=1) for _ in range(4)]


def resized(picture: Picture, width: int, height: int, filter_: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=filter_), dtype=np.uint8)


def jpeg(picture: Picture, quality: int) -> Picture:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1), np.uint8)


@pytest.mark.parametrize("filter_", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
@pytest.mark.parametrize("quality", [None, 90])
def test_enlarged_pictures_are_told(drawn: list[Picture], filter_: int, quality: int | None) -> None:
    small = [resized(picture, 192, 192, cv2.INTER_AREA) for picture in drawn]
    large = [resized(picture, 480, 480, filter_) for picture in small]
    limits = [detail_limit(jpeg(picture, quality) if quality else picture) or 1 for picture in large]
    assert sum(limit < LITTLE_DETAIL for limit in limits) >= (3 if quality else 4)  # JPEG's own noise hides some


@pytest.mark.parametrize("quality", [None, 95, 75])
def test_pictures_as_they_were_taken_have_all_detail(drawn: list[Picture], quality: int | None) -> None:
    for picture in drawn:
        limit = detail_limit(jpeg(picture, quality) if quality else picture)
        assert limit is not None
        assert limit > 0.9


def test_coarse_jpeg_shows_its_blocks_also_when_cropped(drawn: list[Picture]) -> None:
    for picture in drawn:
        for copy in (jpeg(picture, 8), jpeg(picture, 8)[3:, 5:]):
            assert (blockiness(copy) or 0) > HEAVY_BLOCKS
        for quality in (75, 90):
            assert (blockiness(jpeg(picture, quality)) or 9) < HEAVY_BLOCKS
        assert (blockiness(picture) or 9) < 1.5


def test_clipping_counts_in_the_middle_only() -> None:
    picture = np.full((100, 100, 3), 255, dtype=np.uint8)
    picture[20:80, 20:80] = 120
    assert exposure(picture) == (0, 0)
    picture[20:50, 20:80] = 0
    assert exposure(picture) == (0.5, 0)


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 200), height=st.integers(1, 200), seed=st.integers(0, 99))
def test_any_picture_can_be_looked_at(width: int, height: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    for even in (picture, np.full_like(picture, seed)):
        assert 0 <= (detail_limit(even) or 0) <= 1
        assert (blockiness(even) or 1) >= 0
        assert 0 <= exposure(even).shadows <= 1
        assert fingerprint(even) == fingerprint(even)


@pytest.mark.parametrize("corner", [False, True])
@pytest.mark.parametrize("mirror", [False, True])
def test_crops_and_mirrors_are_near_duplicates(drawn: list[Picture], corner: bool, mirror: bool) -> None:
    cut = slice(0, 346) if corner else slice(19, 365)  # 10 %
    copies = [np.ascontiguousarray((each[:, ::-1] if mirror else each)[cut, cut]) for each in drawn]
    prints = [fingerprint(each) for each in (*drawn, *copies)]
    assert near_duplicates(prints) == {4: 0, 5: 1, 6: 2, 7: 3}
    assert near_duplicates(prints[::-1]) == {7 - index: 3 - index for index in range(4)}


def test_the_audit_tells_what_was_done_to_pictures(drawn: list[Picture], tmp_path: Path) -> None:
    Image.fromarray(drawn[0]).save(tmp_path / "good.png")
    enlarged = resized(resized(drawn[1], 192, 192, cv2.INTER_AREA), 384, 384, cv2.INTER_CUBIC)
    Image.fromarray(enlarged).save(tmp_path / "enlarged.png")
    Image.fromarray(drawn[2]).save(tmp_path / "coarse.jpg", quality=6)
    dark = drawn[3].copy()
    dark[60:250] = 0
    Image.fromarray(dark).save(tmp_path / "dark.png")
    add_files(tmp_path / "set", [tmp_path / name for name in ("good.png", "enlarged.png", "coarse.jpg", "dark.png")])
    recipe = RECIPES[RecipeName.STYLE].model_copy(update={"short_edge": 320})
    audit = audit_dataset(tmp_path / "set", recipe)
    names = {item.id: item.file for item in audit.items}
    found = {finding.id: [names[file] for file in finding.files] for finding in audit.findings if finding.files}
    assert found == {"enlarged": ["enlarged.png"], "coarse_jpeg": ["coarse.jpg"], "clipped_shadows": ["dark.png"]}
    text = next(finding.text for finding in audit.findings if finding.id == "enlarged")
    assert "384x384 pixels and the detail of about" in text

"""Draws simple pictures for orders: a scene with the trouble, or the same scene after the repair."""

from collections.abc import Callable
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from app.demo.dice import dice

WIDTH, HEIGHT = 480, 360
Draw = ImageDraw.ImageDraw
Scene = Callable[[Draw, Random, bool], None]


def _lamp(draw: Draw, chance: Random, mended: bool) -> None:
    draw.rectangle((0, 0, WIDTH, HEIGHT), fill=(24, 28, 48))
    draw.rectangle((0, 290, WIDTH, HEIGHT), fill=(44, 46, 58))
    x = chance.randint(140, 320)
    if mended:
        draw.polygon(
            ((x - 20, 80), (x + 20, 80), (x + 130, 300), (x - 130, 300)), fill=(92, 88, 62)
        )
    draw.rectangle((x - 5, 80, x + 5, 300), fill=(96, 98, 106))
    draw.ellipse((x - 26, 56, x + 26, 98), fill=(255, 226, 140) if mended else (60, 62, 70))


def _bins(draw: Draw, chance: Random, mended: bool) -> None:
    _yard(draw)
    for place, colour in enumerate(((52, 110, 74), (56, 84, 128), (120, 76, 60))):
        left = 90 + place * 105
        draw.rounded_rectangle((left, 150, left + 84, 280), 8, fill=colour)
        draw.rectangle((left - 4, 140, left + 88, 156), fill=tuple(part // 2 for part in colour))
    for _ in range(0 if mended else 14):
        x, y, size = chance.randint(40, 420), chance.randint(240, 320), chance.randint(14, 34)
        grey = chance.randint(60, 200)
        draw.ellipse((x, y, x + size, y + size * 0.8), fill=(grey, grey, min(255, grey + 20)))


def _boxes(draw: Draw, chance: Random, mended: bool) -> None:
    draw.rectangle((0, 0, WIDTH, HEIGHT), fill=(206, 200, 188))
    draw.polygon(((170, 90), (310, 90), (400, 360), (80, 360)), fill=(158, 152, 142))
    draw.rectangle((190, 60, 290, 200), fill=(122, 92, 66))
    for row in range(0 if mended else 3):
        for place in range(4 - row):
            left, top = 250 + place * 46 + row * 20, 290 - row * 46
            brown = chance.randint(140, 184)
            box = (left, top, left + 42, top + 42)
            draw.rectangle(box, fill=(brown, brown - 40, brown - 88), outline=(96, 70, 40))


def _tree(draw: Draw, chance: Random, mended: bool) -> None:
    _yard(draw)
    draw.rectangle((270, 40, 460, 250), fill=(198, 178, 158))
    for left, top in ((290, 60), (380, 60), (290, 150), (380, 150)):
        draw.rectangle((left, top, left + 50, top + 60), fill=(150, 190, 214))
    draw.rectangle((228, 150, 250, 300), fill=(100, 72, 48))
    for _ in range(16 if mended else 60):
        x, y = chance.randint(120, 260 if mended else 380), chance.randint(40, 170)
        draw.ellipse((x, y, x + 50, y + 40), fill=(30, chance.randint(90, 150), 50))


def _road(draw: Draw, chance: Random, mended: bool) -> None:
    draw.rectangle((0, 0, WIDTH, 120), fill=(176, 200, 216))
    draw.rectangle((0, 120, WIDTH, HEIGHT), fill=(104, 104, 108))
    for left in range(20, WIDTH, 120):
        draw.rectangle((left, 226, left + 60, 236), fill=(228, 228, 220))
    x, y = chance.randint(120, 260), chance.randint(180, 240)
    if mended:
        draw.rectangle((x, y, x + 120, y + 70), fill=(70, 70, 74))
    else:
        draw.ellipse((x, y, x + 130, y + 70), fill=(64, 52, 42), outline=(40, 34, 28), width=6)


def _puddle(draw: Draw, chance: Random, mended: bool) -> None:
    _yard(draw)
    draw.ellipse((200, 250, 270, 282), fill=(72, 74, 78), outline=(40, 40, 44), width=4)
    for _ in range(0 if mended else 9):
        x, y = chance.randint(60, 330), chance.randint(230, 310)
        draw.ellipse((x, y, x + chance.randint(60, 140), y + 34), fill=(96, 88, 66))


def _cars(draw: Draw, chance: Random, mended: bool) -> None:
    _yard(draw)
    for left in range(0, WIDTH, 40):
        draw.line((left, 320, left + 40, 250), fill=(240, 200, 40), width=5)
    for place in range(0 if mended else 2):
        left = 50 + place * 200
        colour = (chance.randint(40, 220), chance.randint(40, 120), chance.randint(40, 160))
        draw.rounded_rectangle((left, 220, left + 180, 280), 14, fill=colour)
        draw.rounded_rectangle((left + 36, 180, left + 144, 226), 12, fill=(170, 196, 210))
        for wheel in (left + 26, left + 122):
            draw.ellipse((wheel, 262, wheel + 36, 298), fill=(30, 30, 34))


def _papers(draw: Draw, chance: Random, mended: bool) -> None:
    draw.rectangle((0, 0, WIDTH, HEIGHT), fill=(224, 220, 208))
    draw.rectangle((300, 60, 430, 360), fill=(120, 140, 150))
    for _ in range(0 if mended else 26):
        x, y = chance.randint(10, 400), chance.randint(20, 300)
        colour = chance.choice(((236, 220, 90), (240, 150, 150), (250, 250, 250), (150, 200, 240)))
        draw.rectangle((x, y, x + 52, y + 34), fill=colour, outline=(90, 90, 90))


def _yard(draw: Draw) -> None:
    draw.rectangle((0, 0, WIDTH, 210), fill=(186, 208, 224))
    draw.rectangle((0, 90, 190, 220), fill=(204, 186, 168))
    draw.rectangle((0, 210, WIDTH, HEIGHT), fill=(150, 150, 146))


SCENES: dict[str, Scene] = {
    "路灯楼道灯": _lamp,
    "垃圾清运": _bins,
    "大件装修垃圾": _boxes,
    "楼道堆物": _boxes,
    "绿化修剪": _tree,
    "道路与坡道破损": _road,
    "井盖缺失路面塌陷": _road,
    "下水堵塞污水外溢": _puddle,
    "占用消防通道": _cars,
    "乱停车": _cars,
    "小广告": _papers,
}


def picture(category: str, subject: str, *, mended: bool = False) -> bytes:
    """The bytes of a JPEG with the scene of a category; the same subject gives the same picture.

    `mended` draws the scene after the repair. Raises KeyError for a category without a scene.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT))
    SCENES[category](ImageDraw.Draw(image), dice(f"picture {subject}"), mended)
    kept = BytesIO()
    image.save(kept, "JPEG", quality=80)
    return kept.getvalue()

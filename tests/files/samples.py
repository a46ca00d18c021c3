"""Sample uploads built by code: pictures with secrets in their metadata, and small voice notes."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin

SECRET = b"secret-39.9042N-116.4074E"
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><p>' + SECRET + b"</p></x:xmpmeta>"

# The left half is red, the right half blue: what is upright can be seen.
RED, BLUE = (200, 30, 30), (30, 30, 200)


def halves(width: int = 200, height: int = 100, mode: str = "RGB") -> Image.Image:
    """A picture with a red left and a blue right half."""
    picture = Image.new("RGB", (width, height), BLUE)
    picture.paste(RED, (0, 0, width // 2, height))
    return picture.convert(mode)


def gps_exif(orientation: int = 1) -> Image.Exif:
    """EXIF with a place, a maker and the way the phone was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (39.0, 54.0, 15.0)
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    return exif


@cache
def srgb_profile() -> bytes:
    """An ICC profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jpeg(picture: Image.Image | None = None, *, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG with EXIF, XMP, an ICC profile and a comment."""
    out = BytesIO()
    settings: dict[str, Any] = {
        "exif": gps_exif(orientation),
        "xmp": _XMP,
        "comment": SECRET,
        "icc_profile": srgb_profile(),
        "quality": 95,
        **options,
    }
    (picture or halves()).save(out, "JPEG", **settings)
    return out.getvalue()


def png(picture: Image.Image | None = None, *, orientation: int = 1) -> bytes:
    """A PNG with EXIF and a text chunk."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET.decode())
    out = BytesIO()
    (picture or halves()).save(out, "PNG", exif=gps_exif(orientation), pnginfo=texts)
    return out.getvalue()


def webp(picture: Image.Image | None = None, *, orientation: int = 1, **options: Any) -> bytes:
    """A WebP with EXIF and XMP."""
    out = BytesIO()
    (picture or halves()).save(
        out, "WEBP", exif=gps_exif(orientation), xmp=_XMP, quality=95, **options
    )
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be as large as you like."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(bytes(1000))),
            (b"IEND", b""),
        )
    )


def webp_header(width: int, height: int) -> bytes:
    """A WebP that claims a large canvas."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_header(width: int, height: int) -> bytes:
    """A JPEG that claims to be large and holds nothing."""
    frame = struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xc0" + frame + b"\xff\xd9"


# --- voices ---------------------------------------------------------------------------------------


def amr(seconds: float, *, wide: bool = False) -> bytes:
    """AMR: frames of 20 ms (12.2 kbit/s, or 6.6 kbit/s wide)."""
    signature, frame = (
        (b"#!AMR-WB\n", b"\x04" + bytes(17)) if wide else (b"#!AMR\n", b"\x3c" + bytes(31))
    )
    return signature + frame * round(seconds * 50)


def mp3(seconds: float, *, index: bool = False) -> bytes:
    """MP3: frames of silence, MPEG-2, 16 kHz, 16 kbit/s, mono, 36 ms each."""
    frame = b"\xff\xf3\x28\xc0" + bytes(68)
    first = b"\xff\xf3\x28\xc0" + bytes(9) + b"Xing" + bytes(55) if index else b""
    return first + frame * round(seconds / 0.036)


def id3v2(content: bytes = SECRET) -> bytes:
    """An ID3v2 tag in front."""
    size = len(content)
    return b"ID3\x03\x00\x00" + bytes([0, 0, size >> 7 & 0x7F, size & 0x7F]) + content


def id3v1() -> bytes:
    """An ID3v1 tag behind."""
    return b"TAG" + SECRET.ljust(125, b" ")


def box(kind: bytes, *contents: bytes) -> bytes:
    """One box of an MP4 file."""
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def _full(kind: bytes, *numbers: int, flags: int = 0) -> bytes:
    return box(kind, struct.pack(f">{1 + len(numbers)}I", flags, *numbers))


# Low-complexity AAC, 16 kHz, mono; one packet plays 1,024 samples, 64 ms.
AAC_CONFIG = b"\x14\x08"
PACKET = b"\x01\x40\x20\x06\x4f\xde\x02\x70\x0c\x1c"


def esds(config: bytes = AAC_CONFIG, kind: int = 0x40) -> bytes:
    """The box with the decoder's configuration."""
    specific = b"\x05" + bytes([len(config)]) + config
    decoder = bytes([4, 13 + len(specific), kind, 0x15]) + bytes(11) + specific
    stream = b"\x03" + bytes([3 + len(decoder)]) + bytes(3) + decoder
    return box(b"esds", bytes(4), stream)


def _track(tables: bytes, *, handler: bytes, codec: bytes, config: bytes) -> bytes:
    entry = box(codec, bytes(7), b"\x01", bytes(16), struct.pack(">I", 16000 << 16), config)
    stbl = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), entry), tables)
    name = SECRET + b"\0"
    hdlr = box(b"hdlr", bytes(8), handler, bytes(12), name)
    return box(b"trak", box(b"mdia", hdlr, box(b"minf", stbl)), box(b"udta", box(b"name", SECRET)))


def _chunked(count: int, *, size: int, offset: int, per_chunk: int) -> bytes:
    chunks = -(-count // per_chunk)
    rest = count - (chunks - 1) * per_chunk
    runs = [(1, per_chunk, 1)] + ([(chunks, rest, 1)] if rest != per_chunk else [])
    offsets = [offset + chunk * per_chunk * size for chunk in range(chunks)]
    return b"".join(
        (
            _full(b"stts", 1, count, 1024),
            _full(b"stsc", len(runs), *(number for run in runs for number in run)),
            _full(b"stsz", 0, count, *[size] * count),
            _full(b"stco", chunks, *offsets),
        )
    )


def m4a(
    seconds: float,
    *,
    handler: bytes = b"soun",
    codec: bytes = b"mp4a",
    brand: bytes = b"M4A ",
    config: bytes | None = None,
    chunk: int = 10,
) -> bytes:
    """An M4A with names, a place and a software's words in it, and bytes that no table lists."""
    count = round(seconds / 0.064)
    head = box(b"ftyp", brand, bytes(4), b"isom")

    def moov(offset: int) -> bytes:
        tables = _chunked(count, size=len(PACKET), offset=offset, per_chunk=chunk)
        track = _track(tables, handler=handler, codec=codec, config=config or esds())
        # The header lies: whoever believes it hears one second.
        lying = box(b"mvhd", struct.pack(">5I", 0, 7, 7, 1000, 1000), bytes(80))
        return box(b"moov", lying, track, box(b"udta", box(b"\xa9xyz", SECRET)))

    free = box(b"free", SECRET)
    offset = len(head) + len(moov(0)) + len(free) + 8 + len(SECRET)
    return head + moov(offset) + free + box(b"mdat", SECRET, PACKET * count)


def fragmented_m4a(seconds: float) -> bytes:
    """As browsers record it: an empty index, then fragments of 8 packets."""
    tables = b"".join(
        (_full(b"stts", 0), _full(b"stsc", 0), _full(b"stsz", 0, 0), _full(b"stco", 0))
    )
    extends = box(b"mvex", _full(b"trex", 1, 1, 1024, 0, 0))
    track = _track(tables, handler=b"soun", codec=b"mp4a", config=esds())
    out = box(b"ftyp", b"iso5", bytes(4)) + box(b"moov", track, extends)
    for _ in range(round(seconds / 0.064 / 8)):
        out += _fragment(8)
    return out


def _fragment(count: int) -> bytes:
    def moof(offset: int) -> bytes:
        # Default base is the fragment; sizes are given packet by packet.
        header = _full(b"tfhd", 1, flags=0x020000)
        run = _full(b"trun", count, offset, *[len(PACKET)] * count, flags=0x000201)
        return box(b"moof", box(b"traf", header, run))

    return moof(len(moof(0)) + 8) + box(b"mdat", PACKET * count)

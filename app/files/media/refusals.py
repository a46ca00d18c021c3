"""The errors for a content that is refused, with a sentence for the person who uploads it."""

from app.kernel.errors import Invalid, Unavailable

PICTURE_TOO_LARGE = "照片超过10兆了，请选小一点的照片。"
VOICE_TOO_LARGE = "录音超过2兆了，请录短一点。"


def broken() -> Invalid:
    """The error for a file that begins like a picture or sound, but is cut or wrong further on."""
    return Invalid("file.broken", "这个文件坏了，或没有传完整，请重新拍一张或重新录一段。")


def not_a_picture() -> Invalid:
    """The error for a file that is not one of the formats of pictures and sound."""
    return Invalid(
        "file.not_a_picture",
        "这个文件用不了。照片请用JPG、PNG或WebP格式，录音请用m4a、mp3或amr格式。",
    )


def too_large(sentence: str) -> Invalid:
    """The error, with this sentence, for a file with more bytes than its kind may have."""
    return Invalid("file.too_large", sentence)


def too_many_pixels() -> Invalid:
    """The error for a picture with more pixels than may be decoded."""
    return Invalid("file.too_many_pixels", "照片的尺寸太大了，请换一张小一点的照片。")


def too_long() -> Invalid:
    """The error for a voice note longer than a minute."""
    return Invalid("file.too_long", "录音超过60秒了，请录短一点，可以分几次说。")


def busy() -> Unavailable:
    """The error for an upload while too many other pictures are being decoded."""
    return Unavailable("file.busy", "现在上传照片的人很多，请稍等一会儿再试。", retry_after=5)

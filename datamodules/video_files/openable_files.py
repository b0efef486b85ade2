"""Which files are opened as videos: regular files in formats that contain their own pictures.

FFmpeg also reads playlists and scripts (HLS, DASH, concat, image sequences, ...), which it recognises by content, and
opens the files, devices or addresses in them. zsar only ever reads the file that it is given.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import BinaryIO

from zsar.datamodules.video_files.decode_limits import MOST_PIXELS

__all__ = ["OPEN_OPTIONS", "names_other_files"]

# Demuxers that read only the given file. Formats that a new FFmpeg adds are rejected until they are listed here.
_FORMATS = (
    "3dostr,4xm,amv,anm,apng,apv,argo_brp,asf,asf_o,av1,avi,avs,avs2,avs3,bethsoftvid,bfi,bink,bmv,c93,cavsvideo,cdxl,"
    "cine,dhav,dirac,dnxhd,dsicin,dv,dxa,ea,evc,film_cpk,flic,flv,gdv,gif,gxf,h261,h263,h264,hevc,hnm,idcin,iff,ifv,"
    "ingenient,ipmovie,ipu,iv8,ivf,jpegxl_anim,jv,kux,live_flv,lmlm4,lvf,lxf,m4v,matroska,mgsts,mjpeg,mjpeg_2000,mm,"
    "mods,moflex,mov,mp4,mpeg,mpegts,mpegvideo,mpjpeg,mtv,mv,mvi,mxf,mxg,nsv,nut,nuv,obu,ogg,pdv,pmp,psxstr,pva,r3d,"
    "rl2,rm,roq,rpl,sdr2,sga,siff,simbiosis_imx,smjpeg,smk,smush,swf,thp,tiertexseq,tmv,txd,ty,usm,vc1,"
    "vc1test,vivo,vmd,vvc,wc3movie,webm,webp_anim,wsvqa,wtv,wve,xmv,yop,yuv4mpegpipe,"
    "bmp_pipe,jpeg_pipe,jpegxl_pipe,png_pipe,tiff_pipe,webp_pipe"
)
OPEN_OPTIONS = {
    "format_whitelist": _FORMATS,
    "protocol_whitelist": "file",
    "max_pixels": str(MOST_PIXELS),  # for the decoders that probe the file
}
# First bytes of texts that name other files, for the error message.
_LISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"v=0", b"[playlist]", b"file ")


def names_other_files(path: str, content: BinaryIO | None = None) -> bool:
    """Whether a file begins like a playlist or script that names other files.

    Args:
        path: The file.
        content: Its content, if it is not on the disk.
    """
    with open(path, "rb") if content is None else nullcontext(content) as file:
        file.seek(0)
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_LISTS)

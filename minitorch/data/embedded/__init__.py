"""The files of the datasets that come in the package, and the scripts that made them."""

from pathlib import Path

FOLDER = Path(__file__).parent
# SHA-256 of each file, which is verified when it is read.
CHECKSUMS = {
    "fashion_mini/train-images-idx3-ubyte.gz": "8447c4dc943207a2db4db223d7fad3a2525151adc6e3c19444a39f4fd17dab18",
    "fashion_mini/train-labels-idx1-ubyte.gz": "df9a5d98d4e2f80ac1a348316c7f4282060242eafa5aafb5f9ffc3b691333709",
    "fashion_mini/t10k-images-idx3-ubyte.gz": "b19487663d5203c1463643ba92c82a83893945c7ea8e21fef381190527b89285",
    "fashion_mini/t10k-labels-idx1-ubyte.gz": "e357fd62a2986b66c9afe15a739a96b5ced8df5b6698431f80e0720a824a7b42",
    "digits/train-images-idx3-ubyte.gz": "ad8a8abcbedfd351401afd2e070afc5ec97ef9d27b248707e4e676c43035bb56",
    "digits/train-labels-idx1-ubyte.gz": "d5cd90ae9078209de5d4bfccec811b641f1b5c78131200e152eaf564c0cefaa8",
    "digits/t10k-images-idx3-ubyte.gz": "68c8b4e2dda95999fe1bf8df94e4ce1dfc38c135475281fda34a6f74ffcae4e9",
    "digits/t10k-labels-idx1-ubyte.gz": "a88b82536449d62829a62f8bf0428d26157be7c5b168862a31e657831d838577",
}

"""``python -m minitorch.kernels.emulator FILE.cu`` checks a .cu file and runs its kernels; see ``--help``."""

import sys

from minitorch.kernels.emulator.command_line import main

sys.exit(main())

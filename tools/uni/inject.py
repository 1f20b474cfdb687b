# SPDX-License-Identifier: BSD-3-Clause
"""--inject: traps that fail without being executed."""
import random

NAMES = {
    # errno (bsd/sys/errno.h)
    'EPERM': 1, 'ENOENT': 2, 'EINTR': 4, 'EIO': 5, 'EBADF': 9, 'ENOMEM': 12, 'EACCES': 13, 'EFAULT': 14, 'EINVAL': 22,
    'ENFILE': 23, 'EMFILE': 24, 'ENOSPC': 28, 'EPIPE': 32, 'EAGAIN': 35, 'ETIMEDOUT': 60, 'ENOSYS': 78,
    # osfmk/mach/kern_return.h
    'KERN_SUCCESS': 0, 'KERN_INVALID_ADDRESS': 1, 'KERN_NO_SPACE': 3, 'KERN_INVALID_ARGUMENT': 4, 'KERN_FAILURE': 5,
    'KERN_RESOURCE_SHORTAGE': 6, 'KERN_ABORTED': 14, 'KERN_INVALID_NAME': 15, 'KERN_INVALID_RIGHT': 17,
    'KERN_TERMINATED': 37, 'KERN_OPERATION_TIMED_OUT': 49,
    # osfmk/mach/message.h
    'MACH_SEND_INVALID_DEST': 0x10000003, 'MACH_SEND_TIMED_OUT': 0x10000004, 'MACH_SEND_INTERRUPTED': 0x10000007,
    'MACH_SEND_NO_BUFFER': 0x1000000d, 'MACH_RCV_TIMED_OUT': 0x10004003, 'MACH_RCV_INTERRUPTED': 0x10004005,
}


class Inject:
    def __init__(self, text):
        parts = text.split(':')
        if len(parts) not in (2, 3) or not parts[0]:
            raise ValueError(f'--inject={text} is not TRAP:RESULT[:WHEN]')
        self.trap, result = parts[0], parts[1]
        try:
            self.result = NAMES[result] if result in NAMES else int(result, 0)
        except ValueError:
            raise ValueError(f'--inject: "{result}" is neither a number nor one of the names that unirun knows') from None
        self.seen, self.only, self.since, self.percent, self.random = 0, None, 1, None, None
        when = parts[2] if len(parts) == 3 else ''
        try:
            if '%' in when:
                percent, seed = when.split('%')
                self.percent, self.random = int(percent), random.Random(int(seed or '1'))
            elif when.endswith('+'):
                self.since = int(when[:-1])
            elif when:
                self.only = int(when)
        except ValueError:
            raise ValueError(f'--inject: WHEN is N, N+ or P%SEED, not "{when}"') from None

    def hits(self, name):
        if name != self.trap:
            return False
        self.seen += 1
        if self.percent is not None:
            return self.random.randrange(100) < self.percent
        return self.seen == self.only if self.only is not None else self.seen >= self.since

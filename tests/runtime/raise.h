// SPDX-License-Identifier: BSD-3-Clause
// What handlers.cpp needs of each kernel: a SIGUSR1 handler that calls handled(), and the signal for the calling thread.
#pragma once

void handled();
void install_handler();
void raise_here();  // handled() has run when it returns

#pragma once

#include <atomic>

namespace pitr {

// SIGTERM, SIGINT and SIGHUP (unless nohup ignores it) are remembered from here on; every read, write and
// wait of the suite then throws an Error, and unwinding removes what was begun. SIGPIPE and SIGXFSZ become
// errors of the write.
void catch_signals();
// The signal that was remembered, 0 when there was none.
int caught_signal();
void throw_if_signalled();
// The calling thread gives up, as at a signal, once this flag is set. Null: not any more.
void give_up_when(const std::atomic<bool>* flag);
// SIGUSR1 is remembered from here on; it interrupts nothing by itself.
void remember_user_signal();
bool user_signal_caught();
// Waits until `seconds` have passed or a signal was caught (then throws).
void pause_for(double seconds);

}  // namespace pitr

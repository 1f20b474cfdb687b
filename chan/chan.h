// SPDX-License-Identifier: BSD-3-Clause
// chan<T>: Go's channels for any movable T.
//
// A chan is a handle, counted and nullable: copies refer to the same channel, a default one is nil. The semantics are
// those of Go's specification:
//              nil              closed                         open
//   send       blocks for ever  panic                          blocks until received (unbuffered) or stored
//   recv       blocks for ever  what is buffered, then T{}     blocks until there is a value
//   close      panic            panic                          waiting receivers get T{}, waiting senders panic
// Where C++ differs: values are moved, not copied; recv() needs a T that can be made from nothing, recv_ok() does not.
// Every operation may park the goroutine (not its thread), but for those whose name begins with try_, close, len and cap.
// All of them must be called from a goroutine. A channel that nobody refers to any more goes, with what it buffers.
#pragma once
#include <initializer_list>
#include <optional>

#include "chan/hchan.h"

namespace trapeze {

template <class T>
inline constexpr Elem elem_of = {
    sizeof(T),
    [](void* raw, void* from) { new (raw) T(std::move(*static_cast<T*>(from))); },
    std::is_trivially_destructible_v<T> ? nullptr : +[](void* object) { static_cast<T*>(object)->~T(); },
};

template <class T>
class chan {
    static_assert(std::is_move_constructible_v<T>, "a channel's values are moved");
    static_assert(alignof(T) <= 16, "a channel's buffer is 16-aligned");

public:
    using value_type = T;

    chan() = default;
    explicit chan(Hchan* adopted) : c_(adopted) {}
    chan(const chan& o) : c_(o.c_) { chanref(c_); }
    chan(chan&& o) noexcept : c_(o.c_) { o.c_ = nullptr; }
    chan& operator=(chan o) noexcept {
        std::swap(c_, o.c_);
        return *this;
    }
    ~chan() { chanunref(c_); }

    void send(T v) const { (void)chansend(c_, &v, true); }
    // True if it was received or stored at once; if not, v keeps its value.
    bool try_send(T&& v) const { return chansend(c_, &v, false) == Chan::done; }
    bool try_send(const T& v) const {
        T copy(v);
        return chansend(c_, &copy, false) == Chan::done;
    }

    T recv() const {
        std::optional<T> v = recv_ok();
        return v ? std::move(*v) : T{};
    }
    // Nothing means closed and drained.
    std::optional<T> recv_ok() const { return receive(true, nullptr); }
    // Nothing means that it would have blocked, or (then *closed is true) closed and drained.
    std::optional<T> try_recv(bool* closed = nullptr) const { return receive(false, closed); }

    void close() const { closechan(c_); }
    u32 len() const { return chanlen(c_); }
    u32 cap() const { return c_ ? c_->cap : 0; }
    explicit operator bool() const { return c_; }
    bool operator==(const chan&) const = default;
    Hchan* hchan() const { return c_; }

    // for (T v : c) ...: until c is closed and drained.
    class iterator {
    public:
        explicit iterator(const chan* c) : c_(c), v_(c->recv_ok()) {}
        T& operator*() { return *v_; }
        iterator& operator++() {
            v_ = c_->recv_ok();
            return *this;
        }
        bool operator!=(std::nullptr_t) const { return v_.has_value(); }

    private:
        const chan* c_;
        std::optional<T> v_;
    };
    iterator begin() const { return iterator(this); }
    std::nullptr_t end() const { return nullptr; }

private:
    std::optional<T> receive(bool block, bool* closed) const {
        Raw raw;
        const Chan r = chanrecv(c_, &raw.value, block);
        if (closed) *closed = r == Chan::closed;
        if (r != Chan::done) return std::nullopt;
        std::optional<T> v(std::move(raw.value));
        raw.value.~T();
        return v;
    }

    union Raw {
        Raw() {}
        ~Raw() {}
        T value;
    };

    Hchan* c_ = nullptr;
};

// A channel that buffers `capacity` values; 0: sender and receiver meet. Ends the program if there is no memory.
template <class T>
chan<T> make_chan(usize capacity = 0) {
    return chan<T>(makechan(&elem_of<T>, capacity));
}

}  // namespace trapeze

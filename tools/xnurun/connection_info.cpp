// SPDX-License-Identifier: BSD-3-Clause
// TCP_CONNECTION_INFO (xnu-3247, 10.11; bsd/netinet/tcp_usrreq.c tcp_connection_fill_info) of the host's TCP_INFO: times there are
// microseconds, windows of congestion segments. What the host does not count, bytes out of order, is segments of the largest size;
// fast open is nobody's. A connection that is not yet, or that listens, has a state alone.
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

struct HostInfo {  // struct tcp_info of linux/tcp.h, as far as it is used
    u8 state, ca_state, retransmits, probes, backoff, options, scales, flags;
    u32 rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets, times[4], pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd,
        advmss, reordering, rcv_rtt, rcv_space, total_retrans;
    u64 pacing[2], bytes_acked, bytes_received;
    u32 segs_out, segs_in, notsent, min_rtt, data_in, data_out;
    u64 rates[4];
    u32 delivered, delivered_ce;
    u64 bytes_sent, bytes_retrans;
    u32 dsack_dups, reord_seen, rcv_ooopack, snd_wnd, rcv_wnd, rehash;
};
static_assert(offsetof(HostInfo, bytes_acked) == 120 && offsetof(HostInfo, bytes_sent) == 200 && offsetof(HostInfo, snd_wnd) == 228);

constexpr u8 states[] = {0, 4, 2, 3, 6, 9, 10, 0, 5, 8, 1, 7};  // the host's TCP_ESTABLISHED 1 to TCP_CLOSING 11 as TCPS_*
constexpr u8 listening = 1;

}  // namespace

u32 connection_info(i32 fd, ConnectionInfo& c) {
    HostInfo h{};
    i32 size = sizeof h;
    memset(&c, 0, sizeof c);
    const u32 length = era_has(3789001) && era ? sizeof c : sizeof c - sizeof c.txretransmitpackets;
    if (host_failed(host(lnx::SYS_getsockopt, fd, 6, 11, &h, &size)) || h.state >= sizeof states) return length;
    c.state = states[h.state];
    if (c.state <= listening) return length;
    c.options = h.options & 0xf;  // time stamps, SACK, scaled windows, ECN: the same bits
    if (c.options & 4) c.snd_wscale = h.scales & 15, c.rcv_wscale = h.scales >> 4;
    if (h.ca_state >= 3) c.flags |= 1;  // TCP_CA_Recovery, TCP_CA_Loss
    if (h.reord_seen) c.flags |= 2;
    if (h.unacked) c.rto = h.rto / 1000;
    constexpr u32 no_threshold = 0x3fffc000;  // TCP_MAXWIN << TCP_MAX_WINSHIFT
    c.maxseg = h.snd_mss;
    c.snd_ssthresh = h.snd_ssthresh >= no_threshold / (h.snd_mss | 1) ? no_threshold : h.snd_ssthresh * h.snd_mss;
    c.snd_cwnd = h.snd_cwnd * h.snd_mss;
    c.snd_wnd = h.snd_wnd;
    i32 queued = 0;
    host(lnx::SYS_ioctl, fd, 0x5411, &queued);  // SIOCOUTQ
    c.snd_sbbytes = static_cast<u32>(queued);
    c.rcv_wnd = h.rcv_wnd ? h.rcv_wnd : h.rcv_ssthresh;
    c.rttcur = c.srtt = h.rtt / 1000;
    c.rttvar = h.rttvar / 1000;
    c.txpackets = h.segs_out, c.txbytes = h.bytes_sent, c.txretransmitbytes = h.bytes_retrans;
    c.rxpackets = h.segs_in, c.rxbytes = h.bytes_received, c.rxoutoforderbytes = u64{h.rcv_ooopack} * h.rcv_mss;
    c.txretransmitpackets = h.total_retrans;
    return length;
}

}  // namespace trapeze

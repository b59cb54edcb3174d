/* Ordinals of mfc140u.dll x64 that have to do with sockets and their window; see ../oracle/mfcord.h. */
#ifndef SOCKORD_H
#define SOCKORD_H
#define O_WININIT                     2369 /* ?AfxWinInit@@YAHPEAUHINSTANCE__@@0PEA_WH@Z */
#define O_SOCKETINIT                  1681 /* ?_AfxSocketInit@@YAHPEAUWSAData@@@Z */
#define O_WINAPP_CTOR                  983 /* ??0CWinApp@@QEAA@PEB_W@Z */
#define O_ASYNC_CTOR                   350 /* ??0CAsyncSocket@@QEAA@XZ */
#define O_SOCKET_CTOR                  951 /* ??0CSocket@@QEAA@XZ */
#define O_SOCKFILE_CTOR                952 /* ??0CSocketFile@@QEAA@PEAVCSocket@@H@Z */
#define O_ASYNC_CREATE                3055 /* ?Create@CAsyncSocket@@QEAAHIHJPEB_W@Z */
#define O_ASYNC_CONNECT               2924 /* ?Connect@CAsyncSocket@@QEAAHPEB_WI@Z */
#define O_ASYNC_ACCEPT                1703 /* ?Accept@CAsyncSocket@@UEAAHAEAV1@PEAUsockaddr@@PEAH@Z */
#define O_SOCKET_ACCEPT               1704 /* ?Accept@CSocket@@UEAAHAEAVCAsyncSocket@@PEAUsockaddr@@PEAH@Z */
#define O_SOCKET_RECEIVE             12169 /* ?Receive@CSocket@@UEAAHPEAXHH@Z */
#define O_SOCKET_SEND                12774 /* ?Send@CSocket@@UEAAHPEBXHH@Z */
#define O_SOCKET_CLOSE                2813 /* ?Close@CSocket@@UEAAXXZ */
#define O_ASYNC_RECEIVE              12168 /* ?Receive@CAsyncSocket@@UEAAHPEAXHH@Z */
#define O_ASYNC_SEND                 12773 /* ?Send@CAsyncSocket@@UEAAHPEBXHH@Z */
#define O_ASYNC_CLOSE                 2797 /* ?Close@CAsyncSocket@@UEAAXXZ */
#define O_ASYNC_SELECT                2458 /* ?AsyncSelect@CAsyncSocket@@QEAAHJ@Z */
#define O_ASYNC_SENDTO               12789 /* ?SendTo@CAsyncSocket@@QEAAHPEBXHIPEB_WH@Z */
#define O_ASYNC_RECEIVEFROM          12170 /* ?ReceiveFrom@CAsyncSocket@@QEAAHPEAXHAEAV?$CStringT@_WV?$StrTraitMFC_DLL@_WV?$ChTraitsCRT@_W@ATL@@@@@ATL@@AEAIH@Z */
#define O_ASYNC_ATTACH                2461 /* ?Attach@CAsyncSocket@@QEAAH_KJ@Z */
#define O_ASYNC_DETACH                3813 /* ?Detach@CAsyncSocket@@QEAA_KXZ */
#define O_ASYNC_GETPEERNAME           6091 /* ?GetPeerName@CAsyncSocket@@QEAAHAEAV?$CStringT@_WV?$StrTraitMFC_DLL@_WV?$ChTraitsCRT@_W@ATL@@@@@ATL@@AEAI@Z */
#define O_ASYNC_GETSOCKNAME           6694 /* ?GetSockName@CAsyncSocket@@QEAAHAEAV?$CStringT@_WV?$StrTraitMFC_DLL@_WV?$ChTraitsCRT@_W@ATL@@@@@ATL@@AEAI@Z */
#endif

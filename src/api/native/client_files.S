// The files of share/client, each between two symbols.
    .section .rodata
    .globl batchd_client_waiters_begin, batchd_client_waiters_end
batchd_client_waiters_begin:
    .incbin "waiters-2.json"
batchd_client_waiters_end:
    .globl batchd_client_extras_begin, batchd_client_extras_end
batchd_client_extras_begin:
    .incbin "service-2.sdk-extras.json"
batchd_client_extras_end:
    .globl batchd_client_install_begin, batchd_client_install_end
batchd_client_install_begin:
    .incbin "install"
batchd_client_install_end:
    .section .note.GNU-stack, "", %progbits

// The program of pause.c, between two symbols. BATCHD_PAUSE_FILE is its path.
    .section .rodata
    .globl batchd_pause_begin
    .globl batchd_pause_end
batchd_pause_begin:
    .incbin BATCHD_PAUSE_FILE
batchd_pause_end:
    .section .note.GNU-stack, "", %progbits

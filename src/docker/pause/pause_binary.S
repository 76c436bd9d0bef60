// The programs of pause.c and slot_agent.c, each between two symbols. BATCHD_PAUSE_FILE and
// BATCHD_AGENT_FILE are their paths.
    .section .rodata
    .globl batchd_pause_begin
    .globl batchd_pause_end
batchd_pause_begin:
    .incbin BATCHD_PAUSE_FILE
batchd_pause_end:
    .globl batchd_agent_begin
    .globl batchd_agent_end
batchd_agent_begin:
    .incbin BATCHD_AGENT_FILE
batchd_agent_end:
    .section .note.GNU-stack, "", %progbits

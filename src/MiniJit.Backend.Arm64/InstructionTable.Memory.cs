// Loads and stores (Arm ARM C4.1.66). The plain ones are one form per addressing mode; size, V and opc are a MemoryAccess.
namespace MiniJit.Backend.Arm64;

internal static partial class InstructionTable
{
    private const Arm64Features Lse = Arm64Features.Lse;

    private static InstructionRow[] MemoryRows() =>
    [
        New(A64Form.LoadStoreUnsigned, "ldst", "size 111 V 01 opc imm12 Rn Rt",               "Transfer, AddressUnsigned"),
        New(A64Form.LoadStoreUnscaled, "ldst", "size 111 V 00 opc 0 imm9 00 Rn Rt",           "Transfer, AddressUnscaled"),
        New(A64Form.LoadStorePost, "ldst",   "size 111 V 00 opc 0 imm9 01 Rn Rt",             "Transfer, AddressPost"),
        New(A64Form.LoadStorePre,  "ldst",   "size 111 V 00 opc 0 imm9 11 Rn Rt",             "Transfer, AddressPre"),
        New(A64Form.LoadStoreRegister, "ldst", "size 111 V 00 opc 1 Rm option S 10 Rn Rt",    "Transfer, AddressRegister"),
        New(A64Form.LoadLiteral,   "ldr",    "opc 011 V 00 imm19 Rt",                         "Transfer, Label19"),
        New(A64Form.PairOffset,    "p",      "opc 101 V 010 L imm7 Rt2 Rn Rt",                "Transfer, Transfer2, AddressPair"),
        New(A64Form.PairPost,      "p",      "opc 101 V 001 L imm7 Rt2 Rn Rt",                "Transfer, Transfer2, AddressPairPost"),
        New(A64Form.PairPre,       "p",      "opc 101 V 011 L imm7 Rt2 Rn Rt",                "Transfer, Transfer2, AddressPairPre"),
        New(A64Form.PairNoAllocate, "np",    "opc 101 V 000 L imm7 Rt2 Rn Rt",                "Transfer, Transfer2, AddressPair"),

        // Exclusive: the mnemonic takes b or h by size
        New(A64Form.Stxr,          "stxr",   "size 001000 0 0 0 Rs 0 11111 Rn Rt",            "Status, RtLane, Address"),
        New(A64Form.Stlxr,         "stlxr",  "size 001000 0 0 0 Rs 1 11111 Rn Rt",            "Status, RtLane, Address"),
        New(A64Form.Ldxr,          "ldxr",   "size 001000 0 1 0 11111 0 11111 Rn Rt",         "RdLane, Address"),
        New(A64Form.Ldaxr,         "ldaxr",  "size 001000 0 1 0 11111 1 11111 Rn Rt",         "RdLane, Address"),
        New(A64Form.Stxp,          "stxp",   "1 sz 001000 0 0 1 Rs 0 Rt2 Rn Rt",              "Status, RtLane, Rt2Lane, Address"),
        New(A64Form.Stlxp,         "stlxp",  "1 sz 001000 0 0 1 Rs 1 Rt2 Rn Rt",              "Status, RtLane, Rt2Lane, Address"),
        New(A64Form.Ldxp,          "ldxp",   "1 sz 001000 0 1 1 11111 0 Rt2 Rn Rt",           "RdLane, Rt2LaneDef, Address"),
        New(A64Form.Ldaxp,         "ldaxp",  "1 sz 001000 0 1 1 11111 1 Rt2 Rn Rt",           "RdLane, Rt2LaneDef, Address"),

        // Ordered
        New(A64Form.Stlr,          "stlr",   "size 001000 1 0 0 11111 1 11111 Rn Rt",         "RtLane, Address"),
        New(A64Form.Ldar,          "ldar",   "size 001000 1 1 0 11111 1 11111 Rn Rt",         "RdLane, Address"),

        // Atomic: the mnemonic takes a and l by A and R, then b or h by size
        New(A64Form.Cas,           "cas",    "size 001000 1 A 1 Rs R 11111 Rn Rt",            "RsLaneTied, RtLane, Address", needs: Lse),
        New(A64Form.Casp,          "casp",   "0 sz 001000 0 A 1 Rs R 11111 Rn Rt",            "RsLaneTied, RtLane, Address", needs: Lse),
        New(A64Form.Ldadd,         "ldadd",  "size 111 0 00 A R 1 Rs 0 000 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Ldclr,         "ldclr",  "size 111 0 00 A R 1 Rs 0 001 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Ldeor,         "ldeor",  "size 111 0 00 A R 1 Rs 0 010 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Ldset,         "ldset",  "size 111 0 00 A R 1 Rs 0 011 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Ldsmax,        "ldsmax", "size 111 0 00 A R 1 Rs 0 100 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Ldsmin,        "ldsmin", "size 111 0 00 A R 1 Rs 0 101 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Ldumax,        "ldumax", "size 111 0 00 A R 1 Rs 0 110 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Ldumin,        "ldumin", "size 111 0 00 A R 1 Rs 0 111 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
        New(A64Form.Swp,           "swp",    "size 111 0 00 A R 1 Rs 1 000 00 Rn Rt",         "RsLane, RdLane, Address", needs: Lse),
    ];
}

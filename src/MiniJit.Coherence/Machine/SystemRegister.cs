// System registers as MRS and MSR name them, and the SYS operations. ID registers read as Linux shows them to user code: what this machine has.
namespace MiniJit.Coherence.Machine;

/// <summary>o0:op1:CRn:CRm:op2, the 15 bits of MRS and MSR.</summary>
internal enum SystemRegister : ushort
{
    MidrEl1 = (1 << 14) | (0 << 11) | (0 << 7) | (0 << 3) | 0,
    MpidrEl1 = (1 << 14) | (0 << 11) | (0 << 7) | (0 << 3) | 5,
    RevidrEl1 = (1 << 14) | (0 << 11) | (0 << 7) | (0 << 3) | 6,

    /// <summary>ID registers are 3, 0, c0, c1–c7: this is the first of them, and <see cref="LastIdEl1"/> the last.</summary>
    FirstIdEl1 = (1 << 14) | (0 << 11) | (0 << 7) | (1 << 3) | 0,
    IdAa64Pfr0El1 = (1 << 14) | (0 << 11) | (0 << 7) | (4 << 3) | 0,
    IdAa64Isar0El1 = (1 << 14) | (0 << 11) | (0 << 7) | (6 << 3) | 0,
    LastIdEl1 = (1 << 14) | (0 << 11) | (0 << 7) | (7 << 3) | 7,

    CtrEl0 = (1 << 14) | (3 << 11) | (0 << 7) | (0 << 3) | 1,
    DczidEl0 = (1 << 14) | (3 << 11) | (0 << 7) | (0 << 3) | 7,
    Nzcv = (1 << 14) | (3 << 11) | (4 << 7) | (2 << 3) | 0,
    Fpcr = (1 << 14) | (3 << 11) | (4 << 7) | (4 << 3) | 0,
    Fpsr = (1 << 14) | (3 << 11) | (4 << 7) | (4 << 3) | 1,
    TpidrEl0 = (1 << 14) | (3 << 11) | (13 << 7) | (0 << 3) | 2,
    TpidrroEl0 = (1 << 14) | (3 << 11) | (13 << 7) | (0 << 3) | 3,
    CntfrqEl0 = (1 << 14) | (3 << 11) | (14 << 7) | (0 << 3) | 0,
    CntvctEl0 = (1 << 14) | (3 << 11) | (14 << 7) | (0 << 3) | 2,
}

/// <summary>op1:CRn:CRm:op2, the 14 bits of SYS.</summary>
internal enum SystemOperation : ushort
{
    IcIvau = (3 << 11) | (7 << 7) | (5 << 3) | 1,
    DcZva = (3 << 11) | (7 << 7) | (4 << 3) | 1,
    DcCvac = (3 << 11) | (7 << 7) | (10 << 3) | 1,
    DcCvau = (3 << 11) | (7 << 7) | (11 << 3) | 1,
    DcCvap = (3 << 11) | (7 << 7) | (12 << 3) | 1,
    DcCvadp = (3 << 11) | (7 << 7) | (13 << 3) | 1,
    DcCivac = (3 << 11) | (7 << 7) | (14 << 3) | 1,
}

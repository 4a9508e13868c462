namespace MiniJit.IR;

/// <summary>
/// What the producer promises about a memory access (language reference, section 5.3). <see cref="Default"/>, not
/// <c>default</c>, is what an access without written flags has.
/// </summary>
public readonly record struct MemFlags
{
    private const uint AlignedBit = 1, ReadonlyBit = 2, CanMoveBit = 4, LittleBit = 8, BigBit = 16;
    private readonly uint _bits;                               // flags 0–4, trap code 8–15, region + 1 16–31

    private MemFlags(uint bits) => _bits = bits;

    /// <summary>May trap with <c>heap_oob</c>, any alignment, native byte order, no region.</summary>
    public static MemFlags Default => default(MemFlags).WithTrap(TrapCode.HeapOutOfBounds);

    /// <summary><c>notrap aligned</c>: what compilers use for their own stack slots and tables.</summary>
    public static MemFlags Trusted => new(AlignedBit);

    /// <summary>The trap code of a failing access, or none: the access cannot fail.</summary>
    public TrapCode Trap => TrapCode.FromRaw((byte)(_bits >> 8));

    /// <summary><c>notrap</c>: the address is accessible.</summary>
    public bool IsNotrap => Trap.IsNone;

    /// <summary><c>aligned</c>: the address is naturally aligned.</summary>
    public bool IsAligned => (_bits & AlignedBit) != 0;

    /// <summary><c>readonly</c>: the memory does not change while the function runs.</summary>
    public bool IsReadonly => (_bits & ReadonlyBit) != 0;

    /// <summary><c>can_move</c>: the access may be moved anywhere its operands are available.</summary>
    public bool CanMove => (_bits & CanMoveBit) != 0;

    /// <summary><c>little</c> was written.</summary>
    public bool IsLittle => (_bits & LittleBit) != 0;

    /// <summary><c>big</c> was written.</summary>
    public bool IsBig => (_bits & BigBit) != 0;

    /// <summary>The alias region, or none.</summary>
    public AliasRegion Region => new(_bits >> 16);

    /// <summary>Sets the trap code; "none" gives <c>notrap</c>.</summary>
    public MemFlags WithTrap(TrapCode code) => new((_bits & ~0xff00u) | ((uint)code.Raw << 8));

    /// <summary>Adds <c>notrap</c>.</summary>
    public MemFlags WithNotrap() => WithTrap(default);

    /// <summary>Adds <c>aligned</c>.</summary>
    public MemFlags WithAligned() => new(_bits | AlignedBit);

    /// <summary>Adds <c>readonly</c>.</summary>
    public MemFlags WithReadonly() => new(_bits | ReadonlyBit);

    /// <summary>Adds <c>can_move</c>.</summary>
    public MemFlags WithCanMove() => new(_bits | CanMoveBit);

    /// <summary>Adds <c>little</c>.</summary>
    public MemFlags WithLittle() => new(_bits | LittleBit);

    /// <summary>Adds <c>big</c>.</summary>
    public MemFlags WithBig() => new(_bits | BigBit);

    /// <summary>Sets the alias region; its index must be below 65535.</summary>
    public MemFlags WithRegion(AliasRegion region) => new((_bits & 0xffff) | (region.Raw << 16));
}

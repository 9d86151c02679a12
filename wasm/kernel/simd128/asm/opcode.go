package asm

// Types.
const (
	typeI32   = 0x7f
	typeI64   = 0x7e
	typeF32   = 0x7d
	typeV128  = 0x7b
	typeEmpty = 0x40 // of a block without parameters and results
)

// Instructions, in the order of the specification's index.
const (
	opUnreachable    = 0x00
	opBlock          = 0x02
	opLoop           = 0x03
	opIf             = 0x04
	opEnd            = 0x0b
	opBrIf           = 0x0d
	opReturn         = 0x0f
	opCall           = 0x10
	opDrop           = 0x1a
	opSelect         = 0x1b
	opLocalGet       = 0x20
	opLocalSet       = 0x21
	opGlobalGet      = 0x23
	opGlobalSet      = 0x24
	opI32Load        = 0x28
	opI64Load        = 0x29
	opI32Load8U      = 0x2d
	opI32Load16S     = 0x2e
	opI32Store       = 0x36
	opI64Store       = 0x37
	opF32Store       = 0x38
	opI32Store8      = 0x3a
	opMemorySize     = 0x3f
	opMemoryGrow     = 0x40
	opI32Const       = 0x41
	opF32Const       = 0x43
	opI32Eqz         = 0x45
	opI32Eq          = 0x46
	opI32Ne          = 0x47
	opI32LtU         = 0x49
	opI32GtU         = 0x4b
	opF32Eq          = 0x5b
	opF32Lt          = 0x5d
	opI32Ctz         = 0x68
	opI32Add         = 0x6a
	opI32Sub         = 0x6b
	opI32Mul         = 0x6c
	opI32DivU        = 0x6e
	opI32And         = 0x71
	opI32Or          = 0x72
	opI32Shl         = 0x74
	opI32ShrU        = 0x76
	opF32Sqrt        = 0x91
	opF32Add         = 0x92
	opF32Mul         = 0x94
	opF32Div         = 0x95
	opF32ConvertI32S = 0xb2

	prefixSIMD = 0xfd
)

// Vector instructions, which follow prefixSIMD.
const (
	opV128Load                  = 0x00
	opV128Load8x8S              = 0x01
	opV128Load8x8U              = 0x02
	opV128Load16x4S             = 0x03
	opV128Load32Splat           = 0x09
	opV128Store                 = 0x0b
	opV128Const                 = 0x0c
	opI8x16Shuffle              = 0x0d
	opI32x4Splat                = 0x11
	opF32x4Splat                = 0x13
	opI32x4ExtractLane          = 0x1b
	opF32x4ExtractLane          = 0x1f
	opI32x4LtS                  = 0x39
	opF32x4Gt                   = 0x44
	opV128And                   = 0x4e
	opV128Or                    = 0x50
	opV128Xor                   = 0x51
	opV128Bitselect             = 0x52
	opV128Store32Lane           = 0x5a
	opI8x16Popcnt               = 0x62
	opI8x16NarrowI16x8S         = 0x65
	opI8x16Sub                  = 0x71
	opI16x8ExtaddPairwiseI8x16S = 0x7c
	opI16x8ExtaddPairwiseI8x16U = 0x7d
	opI32x4ExtaddPairwiseI16x8S = 0x7e
	opI16x8NarrowI32x4S         = 0x85
	opI16x8ExtendLowI8x16S      = 0x87
	opI16x8ExtendHighI8x16S     = 0x88
	opI16x8ShrU                 = 0x8d
	opI16x8Add                  = 0x8e
	opI32x4Bitmask              = 0xa4
	opI32x4ExtendLowI16x8S      = 0xa7
	opI32x4ExtendHighI16x8S     = 0xa8
	opI32x4Shl                  = 0xab
	opI32x4Add                  = 0xae
	opI32x4Sub                  = 0xb1
	opI32x4DotI16x8S            = 0xba
	opF32x4Abs                  = 0xe0
	opF32x4Neg                  = 0xe1
	opF32x4Add                  = 0xe4
	opF32x4Sub                  = 0xe5
	opF32x4Mul                  = 0xe6
	opF32x4Div                  = 0xe7
	opF32x4Pmin                 = 0xea
	opF32x4Pmax                 = 0xeb
	opF32x4ConvertI32x4S        = 0xfa

	opI16x8RelaxedDotI8x16I7x16S    = 0x112 // relaxed SIMD
	opI32x4RelaxedDotI8x16I7x16AddS = 0x113
)

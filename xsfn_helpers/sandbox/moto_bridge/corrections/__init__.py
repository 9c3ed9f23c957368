"""Where moto answers otherwise than AWS, and is put right."""
